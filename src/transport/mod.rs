//! Associations on sockets: TCP listen and connect, and [`Link`], which drives the association
//! room's pure machine over a stream.

mod link;
mod outbox;
mod requestor;
mod socket;

pub use link::Driven;
pub use link::Indication;
pub use link::Limits;
pub use link::Link;
pub use link::LinkError;
pub use requestor::ConnectError;
pub use requestor::Requested;
pub use socket::listen;
