//! Associations on sockets: TCP and TLS, listen and connect, and [`Link`], which drives the association
//! room's pure machine over a stream.

mod link;
mod outbox;
mod requestor;
mod socket;
mod stream;
mod tls;
mod web;

pub use link::Driven;
pub use link::Indication;
pub use link::Limits;
pub use link::Link;
pub use link::LinkError;
pub use requestor::ConnectError;
pub use requestor::Requested;
pub use socket::listen;
pub use tls::Acceptor;
pub use tls::Channel;
pub use tls::HandshakeError;
pub use tls::SecureStream;
pub use tls::Security;
pub use tls::Shown;
pub use tls::Term;
pub use tls::TlsError;
pub use tls::Towards;
pub use tls::Trust;
pub use tls::Whom;
pub use tls::dial;
pub use tls::read_certificates;
pub use web::Web;
pub use web::WebStream;
