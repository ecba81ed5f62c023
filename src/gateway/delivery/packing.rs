//! Packing: what waits of a study becomes sealed parcels, in place of going by an association.

use std::sync::Arc;

use super::attempt::Attempt;
use super::attempt::SpoolLost;
use super::attempt::permitted;
use super::on_disk;
use super::order::Order;
use super::queue::Ended;
use super::queue::Failure;
use super::queue::Job;
use super::reading::ReadError;
use super::worker::Worker;
use crate::contract::Outcome;
use crate::dicom::Uid;
use crate::dimse::Status;
use crate::gateway::parcels::Item;
use crate::gateway::parcels::Parcels;
use crate::gateway::parcels::SealError;
use crate::gateway::recorder::Asked;
use crate::gateway::recorder::Judged;
use crate::gateway::recorder::Refusal;
use crate::gateway::transfer::Key;
use crate::gateway::transfer::Transfer;
use crate::parcel::OBJECTS_MAX;
use crate::parcel::Release;
use crate::storage::Place;
use crate::storage::SpoolError;

/// Instances that one decision permits: a parcel.
struct Batch {
    key: Key,
    transfer: Transfer,
    study: Option<Uid>,
    jobs: Vec<Job>,
    items: Vec<Item>,
}

/// What waited together, sorted by the contract's answers.
#[derive(Default)]
struct Sorted {
    batches: Vec<Batch>,
    refused: Vec<(Key, Refusal)>,
}

impl Worker {
    /// Seals all that waits of the study of `job`, which has been quiet. What cannot be sealed waits, or
    /// is set aside, as ever.
    ///
    /// # Errors
    /// When the spool is lost.
    pub(super) async fn pack(&mut self, job: &Job) -> Result<(), SpoolLost> {
        let jobs = self
            .counter
            .change(|queue| queue.take_along(job.id, OBJECTS_MAX));
        if let Err(error) = Parcels::ready(&self.gateway, &self.peer).await {
            return self.give_up(&jobs, &error).await;
        }
        let mut sorted = Sorted::default();
        for job in jobs {
            if let Err(attempt) = self.sort(&job, &mut sorted).await {
                self.conclude(&job, attempt).await?;
            }
        }
        for batch in sorted.batches {
            self.seal(batch).await?;
        }
        Ok(())
    }

    /// Asks the contract about an object again, and puts it to those of the same answer.
    async fn sort(&self, job: &Job, sorted: &mut Sorted) -> Result<(), Attempt> {
        let order = self.order_of(job).await?;
        let leg = order.leg(&self.peer.name);
        let leg = leg.map_err(|error| Attempt::unread(&error.into()))?;
        let key = Key::again(order.asked(), &self.peer.name, leg.mode);
        let Some((sop_class, sop_instance)) = order.instance() else {
            let text = "its command names no instance";
            return Err(Attempt::new(Ended::Failed(Failure::Damaged), &text));
        };
        let item = Item {
            id: job.id,
            sop_class,
            sop_instance,
            transfer_syntax: order.transfer_syntax().clone(),
        };
        // A parcel goes by no link between gateways, and no receipt is due for it.
        let asked = Asked {
            through: None,
            ..self.question(&order, leg)
        };
        let now = self.gateway.clock.now();
        let is_same = |answered: &Asked| answered.is_same_question(&asked);
        let batch = sorted.batches.iter_mut().find(|batch| {
            let recorded = &batch.transfer.recorded;
            batch.key == key && is_same(recorded.asked()) && recorded.stands(now)
        });
        if let Some(batch) = batch {
            batch.jobs.push(job.clone());
            batch.items.push(item);
            return Ok(());
        }
        let refused = sorted.refused.iter().find(|(refused, refusal)| {
            *refused == key && is_same(refusal.asked()) && refusal.stands(now)
        });
        let study = asked.study.as_ref().map(|study| study.uid.clone());
        let judged = match refused {
            Some((_, refusal)) => Ok(Judged::Refused(refusal.clone())),
            None => self.gateway.recorder.decide(asked).await,
        };
        if let Ok(Judged::Refused(refusal)) = &judged {
            sorted.refused.push((key.clone(), refusal.clone()));
        }
        sorted.batches.push(Batch {
            key,
            transfer: Transfer::new(permitted(judged).map_err(|attempt| *attempt)?),
            study,
            jobs: vec![job.clone()],
            items: vec![item],
        });
        Ok(())
    }

    async fn order_of(&self, job: &Job) -> Result<Order, Attempt> {
        let (spool, queue, id) = (
            Arc::clone(&self.gateway.spool),
            self.peer.name.clone(),
            job.id,
        );
        let read = on_disk(move || Ok(spool.read(&queue, id, Place::Waiting)?.about().to_vec()));
        let unread = |error: ReadError| Attempt::unread(&error);
        let about = read.await.map_err(|error| unread(error.into()))?;
        Order::from_bytes(&about).map_err(|error| unread(error.into()))
    }

    /// Makes a parcel, and takes what is in it out of the spool.
    async fn seal(&mut self, batch: Batch) -> Result<(), SpoolLost> {
        let gateway = Arc::clone(&self.gateway);
        let mut transfer = batch.transfer;
        let (recorded, study) = (transfer.recorded.clone(), batch.study);
        let sealed = Parcels::seal(&gateway, &self.peer, &recorded, study, batch.items);
        match sealed.await {
            Ok((release, data_sets)) => {
                let now_us = self.now_us();
                for data_set in &data_sets {
                    gateway.meters().sent(&self.peer.name, data_set.bytes);
                    transfer.count(now_us, |tally| match release {
                        Release::Offline => tally.answered(Status::SUCCESS, data_set),
                        // Delivered under the decision by which its key is released.
                        Release::Online => tally.kept(),
                    });
                }
                transfer.close(&gateway, Outcome::Completed).await;
                for job in &batch.jobs {
                    let attempt = Attempt::new(Ended::Delivered, &"sealed into a parcel");
                    self.conclude(job, attempt).await?;
                }
            }
            Err(error) => {
                transfer.close(&gateway, Outcome::Interrupted).await;
                self.give_up(&batch.jobs, &error).await?;
            }
        }
        Ok(())
    }

    /// No parcel came of these: the one whose fault it is stands for all, and the others wait again.
    async fn give_up(&mut self, jobs: &[Job], error: &SealError) -> Result<(), SpoolLost> {
        let is_at_fault = |job: &&Job| matches!(error, SealError::Spool(id, _) if *id == job.id);
        let at_fault = jobs.iter().find(is_at_fault).or_else(|| jobs.first());
        for job in jobs {
            if at_fault.is_none_or(|at_fault| at_fault.id != job.id) {
                self.counter.change(|queue| queue.put_back(job.id));
            }
        }
        match at_fault {
            Some(job) => self.conclude(job, Attempt::new(ended(error), error)).await,
            None => Ok(()),
        }
    }
}

/// What a parcel that could not be made means for the instance whose fault it is.
const fn ended(error: &SealError) -> Ended {
    match error {
        SealError::Spool(_, SpoolError::Damaged { .. } | SpoolError::Missing { .. }) => {
            Ended::Failed(Failure::Damaged)
        }
        SealError::Spool(..) => Ended::Failed(Failure::Unreadable),
        SealError::Withheld => Ended::Withheld,
        SealError::NotRecorded(_) => Ended::NotRecorded,
        SealError::Depot(_) | SealError::Custody(_) => Ended::Unreachable,
        SealError::Internal(_) => Ended::Failed(Failure::Internal),
    }
}
