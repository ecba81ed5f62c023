//! What holds whatever happens: a queue is driven through chance arrivals and chance failures,
//! beside a model that knows only what was put in and what came out.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::tests::SECOND;
use super::tests::object;
use super::tests::terms;
use super::*;

/// Longer than any wait of [`terms`].
const LONGEST_WAIT_US: u64 = 15 * SECOND;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// An object of this study comes.
    Comes(u8, Priority),
    /// A worker takes what there is.
    Takes,
    /// The oldest (or newest) try ends so.
    Ends(bool, Ended),
    /// So many milliseconds pass.
    Passes(u32),
    /// An association is accepted.
    Reached,
    /// Somebody pauses or resumes.
    Pauses(bool),
    /// Somebody brings back what was set aside.
    BringsBack,
}

fn ended() -> impl Strategy<Value = Ended> {
    prop_oneof![
        4 => Just(Ended::Delivered),
        1 => Just(Ended::Denied),
        2 => Just(Ended::Unreachable),
        1 => Just(Ended::NotRecorded),
        1 => Just(Ended::Withheld),
        2 => Just(Ended::Failed(Failure::Broken)),
        2 => Just(Ended::Failed(Failure::Busy)),
        1 => Just(Ended::Failed(Failure::Refused)),
        1 => Just(Ended::Failed(Failure::NoContext)),
        1 => Just(Ended::Failed(Failure::NotJudged)),
        1 => Just(Ended::Failed(Failure::Unreadable)),
        1 => Just(Ended::Failed(Failure::Internal)),
        1 => Just(Ended::Failed(Failure::Damaged)),
    ]
}

fn priority() -> impl Strategy<Value = Priority> {
    prop_oneof![
        Just(Priority::High),
        Just(Priority::Medium),
        Just(Priority::Low)
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..5_u8, priority()).prop_map(|(study, priority)| Step::Comes(study, priority)),
        6 => Just(Step::Takes),
        6 => (any::<bool>(), ended()).prop_map(|(oldest, ended)| Step::Ends(oldest, ended)),
        3 => (0..20_000_u32).prop_map(Step::Passes),
        1 => Just(Step::Reached),
        1 => any::<bool>().prop_map(Step::Pauses),
        1 => Just(Step::BringsBack),
    ];
    prop::collection::vec(step, 0..120)
}

/// The queue and what is known without it.
struct Run {
    queue: Queue,
    now_us: u64,
    next_id: u64,
    chance: u64,
    study_of: BTreeMap<u64, u8>,
    taken: Vec<u64>,
    delivered: Vec<u64>,
    aside: BTreeSet<u64>,
    /// Brought back by a person: it may come after later ones.
    was_aside: BTreeSet<u64>,
}

impl Run {
    fn new(associations: usize) -> Self {
        Self {
            queue: Queue::new(terms(associations)),
            now_us: 0,
            next_id: 1,
            chance: 1,
            study_of: BTreeMap::new(),
            taken: Vec::new(),
            delivered: Vec::new(),
            aside: BTreeSet::new(),
            was_aside: BTreeSet::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Comes(study, priority) => {
                let name = format!("1.{study}");
                self.queue
                    .add(self.now_us, object(self.next_id, &name, *priority));
                self.study_of.insert(self.next_id, *study);
                self.next_id += 1;
            }
            Step::Takes => self.take(),
            Step::Ends(oldest, ended) if !self.taken.is_empty() => {
                let at = if *oldest { 0 } else { self.taken.len() - 1 };
                let id = self.taken.remove(at);
                self.end(id, *ended);
            }
            Step::Ends(..) => {}
            Step::Passes(milliseconds) => self.now_us += u64::from(*milliseconds) * 1_000,
            Step::Reached => self.queue.reached(),
            Step::Pauses(is_paused) => self.queue.set_paused(*is_paused),
            Step::BringsBack => {
                for id in std::mem::take(&mut self.aside) {
                    self.queue
                        .bring_back(self.now_us, ObjectId::from_number(id));
                    self.was_aside.insert(id);
                }
            }
        }
    }

    fn take(&mut self) {
        let Turn::Job(job) = self.queue.take(self.now_us) else {
            return;
        };
        let id = job.id.number();
        assert!(self.waits(id), "{id} does not wait");
        let study = self.study_of[&id];
        let mut others = self.taken.iter();
        assert!(
            others.all(|other| self.study_of[other] != study),
            "two of one study at a time"
        );
        // What was received before it in its study is not overtaken.
        let mut earlier = self.study_of.range(..id);
        assert!(
            earlier.all(|(other, of)| *of != study || !self.waits(*other)),
            "{id} overtakes"
        );
        self.taken.push(id);
        assert!(self.taken.len() <= self.queue.terms.associations);
    }

    fn waits(&self, id: u64) -> bool {
        !self.taken.contains(&id) && !self.delivered.contains(&id) && !self.aside.contains(&id)
    }

    fn end(&mut self, number: u64, ended: Ended) {
        let id = ObjectId::from_number(number);
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let (then, _) = self.queue.ended(self.now_us, id, ended, self.chance);
        match then {
            Then::Waits => {}
            Then::Remove => {
                self.queue.gone(self.now_us, id);
                self.delivered.push(number);
            }
            Then::Quarantine => {
                self.queue
                    .set_aside(self.now_us, id, Place::Quarantined, None);
                self.aside.insert(number);
            }
            Then::Bury { .. } => {
                self.queue.set_aside(self.now_us, id, Place::Dead, None);
                self.aside.insert(number);
            }
        }
    }

    /// The counts are those of the model.
    fn check(&self) {
        let progress = self.queue.progress(self.now_us);
        let all = self.study_of.len();
        let waiting = all - self.delivered.len() - self.aside.len();
        assert_eq!(progress.waiting.objects, u64::try_from(waiting).unwrap());
        assert_eq!(progress.waiting.bytes, progress.waiting.objects * 100);
        assert_eq!(
            progress.on_their_way,
            u64::try_from(self.taken.len()).unwrap()
        );
        let aside = progress.dead.objects + progress.quarantined.objects;
        assert_eq!(aside, u64::try_from(self.aside.len()).unwrap());
        let ways: u64 = self.queue.ways.values().sum();
        assert_eq!(ways, progress.waiting.objects);
        let mut not_accepted = self.queue.not_accepted.keys();
        assert!(not_accepted.all(|via| self.queue.ways.contains_key(via)));
    }

    /// From now on the destination takes everything. Returns the longest time without a delivery.
    fn settle(&mut self) -> u64 {
        self.queue.set_paused(false);
        for id in std::mem::take(&mut self.taken) {
            self.end(id, Ended::Unreachable);
        }
        let (mut last_us, mut longest_us) = (self.now_us, 0);
        loop {
            match self.queue.take(self.now_us) {
                Turn::Job(job) => {
                    self.queue.reached();
                    self.end(job.id.number(), Ended::Delivered);
                    longest_us = longest_us.max(self.now_us - last_us);
                    last_us = self.now_us;
                }
                Turn::Wait(until_us) => {
                    assert!(until_us > self.now_us);
                    self.now_us = until_us;
                }
                Turn::Nothing => return longest_us,
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_nothing_goes_twice_and_studies_keep_their_order(
        associations in 1..4_usize,
        steps in steps(),
    ) {
        let mut run = Run::new(associations);
        for step in &steps {
            run.step(step);
            run.check();
        }
        let longest_us = run.settle();
        run.check();
        prop_assert!(longest_us <= LONGEST_WAIT_US, "back to work after {longest_us} us");
        let mut ends: Vec<u64> = run.delivered.clone();
        ends.extend(&run.aside);
        ends.sort_unstable();
        let all: Vec<u64> = run.study_of.keys().copied().collect();
        prop_assert_eq!(ends, all, "each object ends once");
        for study in 0..5 {
            let delivered = run.delivered.iter();
            let of_study = |id: &&u64| run.study_of[*id] == study && !run.was_aside.contains(*id);
            let order: Vec<_> = delivered.filter(of_study).collect();
            prop_assert!(order.is_sorted(), "{:?}", order);
        }
    }

    /// While all goes well, nothing is overtaken but by what is more urgent.
    #[test]
    fn nobody_starves_but_behind_the_more_urgent(
        associations in 1..4_usize,
        arrivals in prop::collection::vec((0..6_u8, priority()), 1..60),
        pattern in prop::collection::vec(any::<bool>(), 60),
    ) {
        let mut run = Run::new(associations);
        let mut urgency = BTreeMap::new();
        let mut arrivals = arrivals.into_iter();
        for comes in pattern.into_iter().chain(std::iter::repeat_n(false, 200)) {
            match arrivals.next().filter(|_| comes) {
                Some((study, priority)) => {
                    urgency.insert(run.next_id, priority);
                    run.step(&Step::Comes(study, priority));
                }
                None => {
                    let best = best_waiting(&run, &urgency);
                    let before = run.taken.len();
                    run.step(&Step::Takes);
                    if run.taken.len() > before {
                        prop_assert_eq!(run.taken.last().copied(), best);
                    }
                    run.step(&Step::Ends(true, Ended::Delivered));
                }
            }
        }
    }
}

/// Of the studies without an object on its way: the most urgent, and of those the oldest.
fn best_waiting(run: &Run, urgency: &BTreeMap<u64, Priority>) -> Option<u64> {
    let taken: BTreeSet<u8> = run.taken.iter().map(|id| run.study_of[id]).collect();
    let mut lanes: BTreeMap<u8, (Priority, u64)> = BTreeMap::new();
    for (id, study) in &run.study_of {
        if run.waits(*id) && !taken.contains(study) {
            let lane = lanes.entry(*study).or_insert((Priority::Low, *id));
            lane.0 = lane.0.min(urgency[id]);
        }
    }
    lanes.values().min().map(|(_, id)| *id)
}
