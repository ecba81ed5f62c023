//! What follows what, step by step.

use std::time::Duration;

use super::*;

pub(super) const SECOND: u64 = 1_000_000;

pub(super) fn terms(associations: usize) -> Terms {
    Terms {
        backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(15)),
        tries_max: 4,
        tries_refused_max: 2,
        associations,
        quiet_us: None,
    }
}

pub(super) fn object(id: u64, study: &str, priority: Priority) -> Object {
    Object {
        id: ObjectId::from_number(id),
        bytes: 100,
        priority,
        received_at: UtcMicros(i64::try_from(id).unwrap()),
        study: (!study.is_empty()).then(|| Arc::new(study.parse().unwrap())),
        via: Arc::new(Via {
            calling: "GATE".parse().unwrap(),
            sop_class: "1.2.840.10008.5.1.4.1.1.2".parse().unwrap(),
            transfer_syntax: "1.2.840.10008.1.2.1".parse().unwrap(),
        }),
    }
}

/// Does as a worker does, on a queue alone.
struct Table {
    queue: Queue,
    now_us: u64,
}

impl Table {
    fn of(associations: usize, objects: &[(u64, &str, Priority)]) -> Self {
        let mut queue = Queue::new(terms(associations));
        for (id, study, priority) in objects {
            queue.add(0, object(*id, study, *priority));
        }
        Self { queue, now_us: 0 }
    }

    fn take(&mut self) -> Option<u64> {
        match self.queue.take(self.now_us) {
            Turn::Job(job) => Some(job.id.number()),
            Turn::Wait(_) | Turn::Nothing => None,
        }
    }

    /// What is told when nothing can go: after how many seconds to ask again.
    fn wait_s(&mut self) -> Option<u64> {
        match self.queue.take(self.now_us) {
            Turn::Job(job) => panic!("{job:?}"),
            Turn::Wait(until) => Some((until - self.now_us).div_ceil(SECOND)),
            Turn::Nothing => None,
        }
    }

    fn pass_s(&mut self, seconds: u64) {
        self.now_us += seconds * SECOND;
    }

    /// Ends a try; the waits that follow are the longest that chance allows.
    fn end(&mut self, id: u64, ended: Ended) -> (Then, Option<News>) {
        let (then, news) =
            self.queue
                .ended(self.now_us, ObjectId::from_number(id), ended, u64::MAX / 2);
        match then {
            Then::Waits => {}
            Then::Remove => self.queue.gone(self.now_us, ObjectId::from_number(id)),
            Then::Quarantine => {
                self.queue.set_aside(
                    self.now_us,
                    ObjectId::from_number(id),
                    Place::Quarantined,
                    None,
                );
            }
            Then::Bury { .. } => {
                self.queue
                    .set_aside(self.now_us, ObjectId::from_number(id), Place::Dead, None);
            }
        }
        (then, news)
    }

    fn fail(&mut self, id: u64, failure: Failure) -> Then {
        self.end(id, Ended::Failed(failure)).0
    }

    /// Delivers all that can go, and tells in which order it went.
    fn run_dry(&mut self) -> Vec<u64> {
        let mut went = Vec::new();
        while let Some(id) = self.take() {
            self.queue.reached();
            self.end(id, Ended::Delivered);
            went.push(id);
        }
        went
    }
}

use Priority::High;
use Priority::Low;
use Priority::Medium;

#[test]
fn objects_go_in_the_order_of_reception() {
    let mut table = Table::of(
        1,
        &[(3, "1.1", Medium), (1, "1.2", Medium), (2, "1.1", Medium)],
    );
    assert_eq!(table.run_dry(), [1, 2, 3]);
}

#[test]
fn the_most_urgent_study_goes_first_and_takes_what_it_came_after_along() {
    let mut table = Table::of(
        1,
        &[
            (1, "1.1", Low),
            (2, "1.2", Medium),
            (3, "1.1", High),
            (4, "1.3", High),
        ],
    );
    assert_eq!(table.run_dry(), [1, 3, 4, 2]);
}

#[test]
fn of_one_study_one_object_is_on_its_way_and_of_others_as_many_as_there_are_associations() {
    let mut table = Table::of(
        2,
        &[
            (1, "1.1", Medium),
            (2, "1.1", Medium),
            (3, "1.2", Medium),
            (4, "1.3", Medium),
        ],
    );
    assert_eq!(
        [table.take(), table.take(), table.take()],
        [Some(1), Some(3), None]
    );
    table.end(3, Ended::Delivered);
    assert_eq!([table.take(), table.take()], [Some(4), None]);
    table.end(1, Ended::Delivered);
    assert_eq!(table.take(), Some(2));
}

#[test]
fn a_destination_that_is_down_costs_one_try_at_a_time_with_growing_waits() {
    let mut table = Table::of(
        4,
        &[(1, "1.1", Medium), (2, "1.2", Medium), (3, "1.3", Medium)],
    );
    let first = table.take();
    let others = [table.take(), table.take()];
    assert_eq!(first, Some(1));
    assert_eq!(others, [Some(2), Some(3)]);
    // Three associations that fail together are one failure.
    for id in 1..=3 {
        assert_eq!(table.end(id, Ended::Unreachable), (Then::Waits, None));
    }
    let mut waits = Vec::new();
    for try_number in 0..6 {
        let wait = table.wait_s().unwrap();
        waits.push(wait);
        table.pass_s(wait);
        assert_eq!(table.take(), Some(1));
        assert_eq!(table.take(), None, "one probe at a time");
        let news = (try_number == 0).then_some(News::Down);
        assert_eq!(table.end(1, Ended::Unreachable), (Then::Waits, news));
        assert!(table.queue.is_down());
    }
    assert!(
        waits.iter().all(|wait| (1..=15).contains(wait)),
        "{waits:?}"
    );
    assert!(waits.is_sorted() && waits[5] >= 8, "{waits:?}");
    table.pass_s(15);
    assert_eq!(table.take(), Some(1));
    table.queue.reached();
    assert_eq!(
        [table.take(), table.take()],
        [Some(2), Some(3)],
        "all go on at once"
    );
    assert_eq!(
        table.end(1, Ended::Delivered),
        (Then::Remove, Some(News::Back))
    );
    assert_eq!(table.end(2, Ended::Delivered), (Then::Remove, None));
}

#[test]
fn a_destination_that_accepts_and_dies_is_tried_ever_more_seldom_all_the_same() {
    let mut table = Table::of(1, &[(1, "1.1", Medium)]);
    let mut last = 0;
    for _ in 0..4 {
        assert_eq!(table.take(), Some(1));
        table.queue.reached();
        table.end(1, Ended::Unreachable);
        let wait = table.wait_s().unwrap();
        assert!(wait >= last);
        last = wait;
        table.pass_s(wait);
    }
    assert!(last >= 4);
}

#[test]
fn an_object_under_which_the_destination_breaks_down_comes_after_others_and_is_buried_in_the_end() {
    let mut table = Table::of(1, &[(1, "1.1", High), (2, "1.2", Medium), (3, "1.1", High)]);
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.fail(1, Failure::Broken), Then::Waits);
    table.pass_s(15);
    assert_eq!(table.take(), Some(2), "the others show first that it works");
    table.queue.reached();
    table.end(2, Ended::Delivered);
    for _ in 2..4 {
        assert_eq!(table.take(), Some(1));
        assert_eq!(table.fail(1, Failure::Broken), Then::Waits);
        table.pass_s(15);
    }
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.fail(1, Failure::Broken), Then::Bury { tries: 4 });
    table.pass_s(15);
    assert_eq!(table.run_dry(), [3], "what came later passes a dead letter");
    assert_eq!(table.queue.progress(table.now_us).dead.objects, 1);
}

#[test]
fn a_destination_that_cannot_be_reached_counts_against_no_object() {
    let mut table = Table::of(1, &[(1, "1.1", Medium)]);
    for _ in 0..100 {
        assert_eq!(table.take(), Some(1));
        table.end(1, Ended::Unreachable);
        table.pass_s(15);
    }
    assert_eq!(table.run_dry(), [1]);
}

#[test]
fn a_busy_answer_lets_other_studies_pass_and_three_in_a_row_give_the_destination_a_rest() {
    let studies = [
        (1, "1.1", Medium),
        (2, "1.1", Medium),
        (3, "1.2", Medium),
        (4, "1.3", Medium),
    ];
    let mut table = Table::of(1, &studies);
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.fail(1, Failure::Busy), Then::Waits);
    assert_eq!(table.take(), Some(3), "2 waits behind 1");
    table.fail(3, Failure::Busy);
    assert_eq!(table.take(), Some(4));
    table.fail(4, Failure::Busy);
    assert!(table.wait_s().is_some());
    assert!(!table.queue.is_down(), "it answers");
    table.pass_s(15);
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.take(), None, "one probe");
    table.end(1, Ended::Delivered);
    table.pass_s(15);
    assert_eq!(table.run_dry(), [2, 3, 4]);
}

#[test]
fn a_destination_that_is_busy_for_all_counts_against_nobody() {
    let mut table = Table::of(1, &[(1, "1.1", Medium), (2, "1.2", Medium)]);
    for (wait, id) in [(0, 1), (0, 2), (15, 1)] {
        table.pass_s(wait);
        assert_eq!(table.take(), Some(id));
        assert_eq!(table.fail(id, Failure::Busy), Then::Waits);
    }
    let mut probed = Vec::new();
    for _ in 0..40 {
        // As a worker does: as soon as it may.
        if let Turn::Wait(until_us) = table.queue.take(table.now_us) {
            table.now_us = until_us + 1_000;
        }
        let id = table.take().unwrap();
        assert_eq!(table.take(), None, "one probe");
        assert_eq!(table.fail(id, Failure::Busy), Then::Waits);
        probed.push(id);
    }
    for pair in probed.windows(2) {
        assert_ne!(pair[0], pair[1], "they take turns: {probed:?}");
    }
    table.pass_s(16);
    table.run_dry();
    table.pass_s(16);
    table.run_dry();
    assert_eq!(table.queue.progress(table.now_us).delivered.objects, 2);
}

#[test]
fn an_object_for_which_alone_a_destination_is_busy_is_buried_after_the_counted_number_of_tries() {
    let mut table = Table::of(1, &[(1, "1.1", High)]);
    let mut tries = 0;
    for other in 2..200 {
        table.queue.add(table.now_us, object(other, "1.2", Medium));
        table.pass_s(16);
        while let Some(id) = table.take() {
            if id != 1 {
                table.end(id, Ended::Delivered);
                continue;
            }
            tries += 1;
            if table.fail(1, Failure::Busy) == (Then::Bury { tries: 4 }) {
                let delivered = table.queue.progress(table.now_us).delivered.objects;
                assert!(delivered + 2 >= other - 1, "the others went meanwhile");
                assert!((4..20).contains(&tries), "{tries}");
                return;
            }
        }
    }
    panic!("it is never given up");
}

#[test]
fn a_refused_object_is_tried_again_before_what_follows_in_its_study_and_then_buried() {
    let mut table = Table::of(
        1,
        &[(1, "1.1", Medium), (2, "1.1", Medium), (3, "1.2", Medium)],
    );
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.fail(1, Failure::Refused), Then::Waits);
    assert_eq!(table.run_dry(), [3]);
    table.pass_s(15);
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.fail(1, Failure::Refused), Then::Bury { tries: 2 });
    assert_eq!(table.run_dry(), [2]);
}

#[test]
fn a_damaged_object_is_buried_at_once_and_a_denied_one_goes_to_quarantine() {
    let mut table = Table::of(
        1,
        &[(1, "1.1", Medium), (2, "1.1", Medium), (3, "1.1", Medium)],
    );
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.fail(1, Failure::Damaged), Then::Bury { tries: 1 });
    assert_eq!(table.take(), Some(2));
    assert_eq!(table.end(2, Ended::Denied).0, Then::Quarantine);
    assert_eq!(table.run_dry(), [3]);
    let progress = table.queue.progress(table.now_us);
    assert_eq!(
        (progress.dead.objects, progress.quarantined.objects),
        (1, 1)
    );
    assert_eq!(
        (progress.waiting.objects, progress.delivered.objects),
        (0, 1)
    );
}

#[test]
fn the_first_of_a_study_that_is_set_aside_is_told_apart() {
    let mut table = Table::of(1, &[(1, "1.1", Medium), (2, "1.1", Medium)]);
    let mut quarantine = |id| {
        assert_eq!(table.take(), Some(id));
        let id = ObjectId::from_number(id);
        table.queue.ended(0, id, Ended::Denied, 0);
        table.queue.set_aside(0, id, Place::Quarantined, None)
    };
    assert!(quarantine(1));
    assert!(!quarantine(2));
}

#[test]
fn what_is_brought_back_takes_its_old_place() {
    let mut table = Table::of(1, &[(1, "1.1", Medium), (2, "1.1", Medium)]);
    table.take();
    table.end(1, Ended::Denied);
    table.queue.bring_back(0, ObjectId::from_number(1));
    assert_eq!(table.run_dry(), [1, 2]);
}

#[test]
fn without_a_record_nothing_goes_and_nothing_is_lost_or_called_down() {
    let mut table = Table::of(1, &[(1, "1.1", Medium)]);
    for _ in 0..20 {
        assert_eq!(table.take(), Some(1));
        table.queue.reached();
        assert_eq!(table.end(1, Ended::NotRecorded), (Then::Waits, None));
        assert!(table.wait_s().unwrap() <= 15);
        assert!(!table.queue.is_down());
        table.pass_s(15);
    }
    assert_eq!(table.run_dry(), [1]);
}

#[test]
fn a_permit_that_ended_is_asked_again_soon_and_counts_for_nothing() {
    let mut table = Table::of(1, &[(1, "1.1", Medium)]);
    for _ in 0..20 {
        assert_eq!(table.take(), Some(1));
        assert_eq!(table.end(1, Ended::Withheld), (Then::Waits, None));
        assert!(table.wait_s().is_some_and(|wait| (1..=15).contains(&wait)));
        table.pass_s(15);
    }
    assert_eq!(table.run_dry(), [1]);
}

#[test]
fn a_paused_queue_gives_nothing_and_holds_up_all_studies() {
    let mut table = Table::of(1, &[(1, "1.1", Medium)]);
    let other: Study = Some(Arc::new("1.9".parse().unwrap()));
    assert!(!table.queue.holds_up(&other));
    table.queue.set_paused(true);
    assert_eq!(table.take(), None);
    assert!(table.queue.holds_up(&other));
    table.queue.set_paused(false);
    assert_eq!(table.run_dry(), [1]);
}

#[test]
fn a_study_holds_up_direct_instances_until_its_last_object_is_gone() {
    let mut table = Table::of(1, &[(1, "1.1", Medium)]);
    let study: Study = Some(Arc::new("1.1".parse().unwrap()));
    assert!(table.queue.holds_up(&study));
    assert!(!table.queue.holds_up(&None));
    table.take();
    let ended = table
        .queue
        .ended(0, ObjectId::from_number(1), Ended::Delivered, 0);
    assert_eq!(ended, (Then::Remove, None));
    assert!(
        table.queue.holds_up(&study),
        "it is not out of the spool yet"
    );
    table.queue.gone(0, ObjectId::from_number(1));
    assert!(!table.queue.holds_up(&study));
}

#[test]
fn what_waits_can_be_withdrawn_but_for_what_is_on_its_way() {
    let mut table = Table::of(
        1,
        &[(1, "1.1", Medium), (2, "1.1", Medium), (3, "1.2", Medium)],
    );
    table.take();
    let idle: Vec<_> = table.queue.idle().collect();
    let mut all = Vec::new();
    for object in idle {
        all.extend(table.queue.withdraw(&object.study, object.id));
    }
    assert_eq!(
        all.iter()
            .map(|object| object.id.number())
            .collect::<Vec<_>>(),
        [2, 3]
    );
    assert_eq!(table.queue.progress(0).waiting.objects, 1);
    table.end(1, Ended::Delivered);
    assert_eq!(table.take(), None);
}

#[test]
fn a_person_who_says_now_is_not_made_to_wait() {
    let mut table = Table::of(1, &[(1, "1.1", Medium), (2, "1.2", Medium)]);
    table.take();
    table.end(1, Ended::Unreachable);
    assert_eq!(table.take(), None);
    table.queue.try_now(table.now_us);
    assert_eq!(table.take(), Some(1));
    table.queue.reached();
    table.fail(1, Failure::Refused);
    table.queue.try_now(table.now_us);
    assert_eq!(table.run_dry(), [1, 2]);
}

#[test]
fn what_is_read_ahead_is_what_goes_next() {
    let mut table = Table::of(
        1,
        &[
            (1, "1.1", Medium),
            (2, "1.2", Medium),
            (3, "1.1", Medium),
            (4, "1.3", High),
        ],
    );
    let mut ahead = None;
    while let Some(id) = table.take() {
        assert!(ahead.is_none_or(|ahead| ahead == id));
        table.queue.reached();
        ahead = table
            .queue
            .likely_after(ObjectId::from_number(id))
            .map(ObjectId::number);
        table.end(id, Ended::Delivered);
    }
    assert_eq!(ahead, None);
}

#[test]
fn progress_tells_what_waits_since_when_and_until_when() {
    let mut table = Table::of(
        1,
        &[(5, "1.1", Medium), (6, "1.2", Medium), (7, "1.3", Medium)],
    );
    let before = table.queue.progress(0);
    assert_eq!((before.waiting.objects, before.waiting.bytes), (3, 300));
    assert_eq!(
        (before.oldest, before.ends_in_s),
        (Some(UtcMicros(5)), None)
    );
    table.pass_s(1);
    assert_eq!(table.take(), Some(5));
    table.end(5, Ended::Delivered);
    let after = table.queue.progress(table.now_us);
    assert_eq!((after.rate, after.ends_in_s), (100, Some(2)));
    assert_eq!(after.next_try_in_us, None);
    table.take();
    table.end(6, Ended::Unreachable);
    let down = table.queue.progress(table.now_us);
    assert_eq!(down.hold, Some(Hold::Unreachable));
    assert!(down.next_try_in_us.is_some_and(|us| us <= SECOND));
}

#[test]
fn a_destination_that_comes_and_goes_is_told_of_once_in_a_while() {
    let mut table = Table::of(1, &[(1, "1.1", Medium)]);
    let mut told = 0;
    for id in 2..200 {
        for _ in 0..2 {
            assert_eq!(table.take(), Some(id - 1));
            told += u32::from(table.end(id - 1, Ended::Unreachable).1 == Some(News::Down));
            table.pass_s(2);
        }
        table.queue.add(table.now_us, object(id, "1.1", Medium));
        assert_eq!(table.take(), Some(id - 1));
        table.end(id - 1, Ended::Delivered);
    }
    assert_eq!(told, 198 * 4 / 600 + 1);
}

#[test]
fn an_object_over_which_the_gateway_fails_lets_others_pass_and_is_buried_in_the_end() {
    let mut table = Table::of(1, &[(1, "1.1", Medium), (2, "1.2", Medium)]);
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.fail(1, Failure::Internal), Then::Waits);
    assert_eq!(table.run_dry(), [2]);
    for _ in 2..4 {
        table.pass_s(15);
        assert_eq!(table.take(), Some(1));
        assert_eq!(table.fail(1, Failure::Internal), Then::Waits);
    }
    table.pass_s(15);
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.fail(1, Failure::Internal), Then::Bury { tries: 4 });
    // A try that has ended already ends only once.
    assert_eq!(table.fail(1, Failure::Internal), Then::Waits);
    assert_eq!(table.queue.progress(table.now_us).dead.objects, 1);
}

#[test]
fn a_class_that_the_destination_does_not_take_costs_its_tries_once_and_not_for_each_object() {
    let mut table = Table::of(1, &[]);
    for id in 1..=50 {
        let study = if id <= 25 { "1.1" } else { "1.2" };
        table.queue.add(0, object(id, study, Medium));
    }
    assert_eq!(table.take(), Some(1));
    assert_eq!(table.fail(1, Failure::NoContext), Then::Waits);
    assert_eq!(table.take(), Some(26));
    assert_eq!(table.fail(26, Failure::NoContext), Then::Bury { tries: 1 });
    for id in 27..=50 {
        assert_eq!(table.take(), Some(id), "at once");
        assert_eq!(table.fail(id, Failure::NoContext), Then::Bury { tries: 1 });
    }
    table.pass_s(1);
    assert_eq!(table.take(), Some(1));
    // It takes the class now: what failed before is forgotten.
    table.end(1, Ended::Delivered);
    assert_eq!(table.take(), Some(2));
    assert_eq!(table.fail(2, Failure::NoContext), Then::Waits);
}

#[test]
fn what_failed_before_a_dead_letter_slows_nothing_that_follows_it() {
    let mut table = Table::of(1, &[(1, "1.1", Medium), (2, "1.1", Medium)]);
    for wait in [15, 15, 15, 0] {
        assert_eq!(table.take(), Some(1));
        table.fail(1, Failure::NotJudged);
        table.pass_s(wait);
    }
    assert_eq!(table.take(), Some(2));
    assert_eq!(table.fail(2, Failure::Refused), Then::Waits);
    assert!(table.wait_s().is_some_and(|wait| wait <= 1));
}
