//! Lakeside as who sent: where St. Anna brings the receipt for what it got, and hears what the test wants it to.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use credence::ledger::LogKey;
use credence::ledger::Receipt;
use credence::ledger::open_text;
use credence::storage::Keys;
use credence::transport::listen;
use credence::web;
use credence::web::Door;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::body::Incoming;
use tokio::sync::watch;

use crate::impostor::Impostor;
use crate::impostor::PATIENCE;
use crate::site::Site;
use crate::site::keys;

/// What is answered, by Lakeside's keys, to a receipt that comes for the n-th time, counted from 0; `None`:
/// nothing, and the line stays open.
pub(crate) type Answers = fn(&Keys, usize, &Receipt) -> Option<(StatusCode, String)>;

/// Lakeside's exchange, while it lasts.
pub(crate) struct Counter {
    desk: Arc<Desk>,
    _open: watch::Sender<bool>,
}

struct Desk {
    keys: Keys,
    st_anna: LogKey,
    answers: Answers,
    heard: Mutex<Vec<Receipt>>,
}

impl Counter {
    /// Opens it where St. Anna's configuration has it.
    pub(crate) fn open(site: &Site, lakeside: &Impostor, answers: Answers) -> Self {
        let desk = Arc::new(Desk {
            keys: keys(&site.home("lakeside"), "lakeside"),
            st_anna: lakeside.st_anna().statement_key.clone(),
            answers,
            heard: Mutex::default(),
        });
        let limits = web::Limits {
            request: PATIENCE,
            connections_max: 8,
        };
        let (open, stopped) = watch::channel(false);
        let at_work = Arc::clone(&desk);
        let answer = move |_, asked| {
            let desk = Arc::clone(&at_work);
            async move { desk.answer(asked).await }
        };
        let socket = listen(site.theirs_https).unwrap();
        let door = Door::mutual(Arc::clone(&lakeside.security));
        let refused = |_, _| {};
        tokio::spawn(web::serve(socket, door, limits, answer, refused, stopped));
        Self { desk, _open: open }
    }

    /// The receipts that came, in order.
    pub(crate) fn heard(&self) -> Vec<Receipt> {
        self.desk.heard.lock().unwrap().clone()
    }

    /// Waits until receipts came so often.
    pub(crate) async fn hears(&self, times: usize) {
        let patience = tokio::time::Instant::now() + PATIENCE;
        while self.heard().len() < times {
            assert!(tokio::time::Instant::now() < patience, "{:?}", self.heard());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Desk {
    async fn answer(&self, asked: Request<Incoming>) -> Response<Full<Bytes>> {
        let told = |status, text| web::text(status, "text/plain", text);
        // A checkpoint that is to be cosigned, for example.
        if asked.uri().path() != "/receipts" {
            return told(StatusCode::NOT_FOUND, String::new());
        }
        let note = web::body(asked.into_body(), 65_536, PATIENCE).await;
        let note = String::from_utf8(note.unwrap().to_vec()).unwrap();
        let receipt: Receipt = open_text(&note, &self.st_anna).unwrap();
        let answer = {
            let mut heard = self.heard.lock().unwrap();
            heard.push(receipt.clone());
            (self.answers)(&self.keys, heard.len() - 1, &receipt)
        };
        match answer {
            Some((status, text)) => told(status, text),
            None => std::future::pending().await,
        }
    }
}
