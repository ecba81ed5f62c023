//! What waits of a study goes together, where a queue waits for quiet.

use std::sync::Arc;

use super::Job;
use super::ObjectId;
use super::Queue;
use super::lane::Lane;

impl Queue {
    /// Of the study of `id`, which is on its way, all that wait go with it, `objects_max` at most;
    /// `id` is the first of them.
    pub(in crate::gateway::delivery) fn take_along(
        &mut self,
        id: ObjectId,
        objects_max: usize,
    ) -> Vec<Job> {
        let Some(study) = self.taken.get(&id).cloned() else {
            return Vec::new();
        };
        let lane = self.lanes.get(&study);
        let objects = lane.into_iter().flat_map(Lane::objects).take(objects_max);
        let jobs = objects.map(|(id, waiting)| Job {
            id,
            study: study.clone(),
            via: Arc::clone(&waiting.via),
        });
        let jobs: Vec<Job> = jobs.collect();
        for job in &jobs {
            self.taken.insert(job.id, study.clone());
        }
        jobs
    }

    /// Nobody is busy with any object any more.
    pub(in crate::gateway::delivery) fn put_all_back(&mut self) {
        let taken: Vec<ObjectId> = self.taken.keys().copied().collect();
        for id in taken {
            self.put_back(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ended;
    use super::super::Failure;
    use super::super::Terms;
    use super::super::Then;
    use super::super::Turn;
    use super::super::tests::SECOND;
    use super::super::tests::object;
    use super::super::tests::terms;
    use super::*;
    use crate::config::Priority::Medium;
    use crate::storage::Place;

    /// A queue that waits for 10 s of quiet, to which objects came second by second.
    fn queue(came: &[(u64, &str)]) -> Queue {
        let mut queue = Queue::new(Terms {
            quiet_us: Some(10 * SECOND),
            ..terms(1)
        });
        for (number, (id, study)) in (0..).zip(came) {
            queue.add(number * SECOND, object(*id, study, Medium));
        }
        queue
    }

    fn taken(queue: &mut Queue, at_s: u64) -> Vec<u64> {
        match queue.take(at_s * SECOND) {
            Turn::Job(job) => {
                let jobs = queue.take_along(job.id, 500);
                assert_eq!(jobs.first().map(|first| first.id), Some(job.id));
                jobs.iter().map(|job| job.id.number()).collect()
            }
            Turn::Wait(_) | Turn::Nothing => Vec::new(),
        }
    }

    fn end(queue: &mut Queue, at_s: u64, id: u64, ended: Ended) -> Then {
        let id = ObjectId::from_number(id);
        let (then, _) = queue.ended(at_s * SECOND, id, ended, u64::MAX / 2);
        match then {
            Then::Remove => queue.gone(at_s * SECOND, id),
            Then::Bury { .. } => {
                queue.set_aside(at_s * SECOND, id, Place::Dead, None);
            }
            Then::Waits | Then::Quarantine => {}
        }
        then
    }

    #[test]
    fn a_study_goes_when_nothing_of_it_has_come_for_a_while() {
        let mut queue = queue(&[(1, "1.1"), (2, "1.2"), (3, "1.1")]);
        assert_eq!(taken(&mut queue, 10), [0_u64; 0]);
        assert_eq!(taken(&mut queue, 11), [2]);
        end(&mut queue, 11, 2, Ended::Delivered);
        assert_eq!(taken(&mut queue, 11), [0_u64; 0]);
        assert_eq!(taken(&mut queue, 12), [1, 3]);
        for id in [1, 3] {
            end(&mut queue, 12, id, Ended::Delivered);
        }
        assert_eq!(queue.progress(13 * SECOND).waiting.objects, 0);
    }

    #[test]
    fn what_comes_while_its_study_is_on_its_way_goes_later() {
        let mut queue = queue(&[(1, "1.1"), (2, "1.1")]);
        assert_eq!(taken(&mut queue, 11), [1, 2]);
        queue.add(12 * SECOND, object(3, "1.1", Medium));
        for id in [1, 2] {
            end(&mut queue, 13, id, Ended::Delivered);
        }
        assert_eq!(taken(&mut queue, 21), [0_u64; 0]);
        assert_eq!(taken(&mut queue, 22), [3]);
    }

    #[test]
    fn what_could_not_be_left_is_tried_again_together() {
        let mut queue = queue(&[(1, "1.1"), (2, "1.1")]);
        assert_eq!(taken(&mut queue, 11), [1, 2]);
        for id in [1, 2] {
            assert_eq!(end(&mut queue, 11, id, Ended::Unreachable), Then::Waits);
        }
        assert_eq!(taken(&mut queue, 11), [0_u64; 0]);
        assert_eq!(taken(&mut queue, 30), [1, 2]);
    }

    #[test]
    fn one_that_is_damaged_leaves_the_others() {
        let mut queue = queue(&[(1, "1.1"), (2, "1.1"), (3, "1.1")]);
        assert_eq!(taken(&mut queue, 12), [1, 2, 3]);
        let damaged = Ended::Failed(Failure::Damaged);
        assert!(matches!(end(&mut queue, 12, 2, damaged), Then::Bury { .. }));
        for id in [1, 3] {
            end(&mut queue, 12, id, Ended::Delivered);
        }
        assert_eq!(queue.progress(13 * SECOND).waiting.objects, 0);
    }

    #[test]
    fn what_a_worker_left_in_hand_goes_with_the_next_one() {
        let mut queue = queue(&[(1, "1.1"), (2, "1.1")]);
        assert_eq!(taken(&mut queue, 11), [1, 2]);
        queue.put_all_back();
        assert_eq!(taken(&mut queue, 11), [1, 2]);
    }
}
