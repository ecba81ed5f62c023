//! HTTP/1.1 between gateways, plain or by TLS: one connection for a visit ([`Line`]), and connections served
//! ([`serve`]). Bodies are small and bounded, connections few, and nobody is waited for without end.

mod backoff;
mod line;
mod serving;

pub use backoff::Backoff;
pub use line::Answered;
pub use line::Line;
pub use line::LineError;
pub use line::Secured;
pub use serving::Door;
pub use serving::Limits;
pub use serving::Visitor;
pub use serving::body;
pub use serving::serve;
pub use serving::serve_local;
pub use serving::text;

/// Bytes of the longest head of a request or an answer, and what is read ahead of its body.
const HEAD_BYTES_MAX: usize = 16_384;

/// Header fields of a request or an answer.
const HEADERS_MAX: usize = 64;
