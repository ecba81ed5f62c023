//! What is told of a long catching up.

use super::*;
use crate::storage::index::indexer::Teller;
use std::io::Write;
use std::sync::Arc;
use tracing_subscriber::fmt::MakeWriter;

/// Collects what is told on this thread.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<u8>>>);

impl Told {
    fn by(act: impl FnOnce()) -> String {
        let told = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(told.clone());
        tracing::subscriber::with_default(subscriber.finish(), act);
        let bytes = told.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }
}

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Told {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn state(next: u64, until: u64) -> CatchingUp {
    CatchingUp {
        why: Why::Missing,
        from: 100,
        next,
        until,
    }
}

#[test]
fn a_rebuild_is_told_from_its_beginning_to_its_end() {
    let told = Told::by(|| {
        let mut teller = Teller::default();
        for second in 0..=10 {
            let next = 100 + second * 60_000;
            teller.hear(&state(next, 600_100), second * 1_000_000);
        }
    });
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 6, "{told}");
    assert!(
        lines[0].contains("why=there was none from=100 entries=600000"),
        "{told}"
    );
    assert!(
        lines[1].contains("done=120000 entries=600000 rate=60000"),
        "{told}"
    );
    assert!(lines[5].contains("is indexed"), "{told}");
    assert!(lines[5].contains("took_ms=10000 rate=60000"), "{told}");
    assert!(lines.iter().all(|line| line.contains(" INFO ")), "{told}");
}

#[test]
fn a_few_new_entries_are_not_told() {
    let told = Told::by(|| {
        let mut teller = Teller::default();
        teller.hear(&state(100, 200), 0);
        teller.hear(&state(200, 200), 9_000_000);
    });
    assert_eq!(told, "");
}

#[test]
fn an_index_that_is_thrown_away_is_a_warning_that_says_why() {
    let site = Site::new();
    drop(site.index());
    fs::write(site.folder().join("db"), vec![0xA7; 1_000_000]).unwrap();
    let told = Told::by(|| drop(site.index()));
    assert!(
        told.contains(" WARN ") && told.contains("built anew"),
        "{told}"
    );
    assert!(told.contains("why=it was thrown away: the index"), "{told}");
    let told = Told::by(|| drop(site.index()));
    assert!(!told.contains(" WARN "), "{told}");
}
