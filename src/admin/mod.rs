//! What people and machines see of a running gateway by HTTP.

mod metrics;

pub use metrics::AuditLag;
pub use metrics::CONTENT_TYPE as METRICS_CONTENT_TYPE;
pub use metrics::CertificateLeft;
pub use metrics::Looked;
pub use metrics::Verified;
pub use metrics::text as metrics_text;
