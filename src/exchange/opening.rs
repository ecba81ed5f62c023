//! Asking another gateway for the key of a parcel that it sealed for us.

use std::sync::Arc;

use hyper::StatusCode;

use crate::config::Config;
use crate::config::GatewayPeer;
use crate::ledger::SIGNED_TEXT_BYTES_MAX;
use crate::transport::Security;
use crate::transport::Whom;
use crate::web::Line;
use crate::web::Secured;

/// Puts `body`, which asks for a parcel's key, to the exchange of who sealed it; gives the body of the
/// answer.
///
/// # Errors
/// Why there is none: the other gateway's words, or what stands between.
pub async fn ask_for_key(
    config: &Config,
    sender: &Arc<GatewayPeer>,
    path: &str,
    body: String,
) -> Result<String, String> {
    let Some(url) = &sender.https else {
        return Err("its [[gateway_peer]] row has no https, by which it would be asked".to_owned());
    };
    let security = Security::load(config).map_err(|error| error.to_string())?;
    let security = security.ok_or("[tls] has no certificate by which it would know us")?;
    let secured = Secured {
        security: Arc::new(security),
        whom: Whom::Gateway(Arc::clone(sender)),
    };
    let within = config.exchange.request;
    let mut line = Line::to(url, Some(&secured), within, SIGNED_TEXT_BYTES_MAX);
    let answered = line.post(path, body).await;
    let answered = answered.map_err(|error| format!("{url}: {error}"))?;
    match answered.status {
        StatusCode::OK => Ok(answered.body),
        status => {
            let words: String = answered.body.chars().filter(|c| !c.is_control()).collect();
            Err(format!("{url} answers {}: {words}", status.as_u16()))
        }
    }
}
