//! How many instances of which SOP class: what a transfer delivered, in words that an auditor knows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::dicom::Uid;

/// SOP classes that one event names, at most: instances of further ones are counted under no class, so that an
/// entry stays far below its limit whatever a peer sends.
pub const SOP_CLASSES_MAX: usize = 64;

/// Instances by SOP Class UID. What is not known, or one too many, is in no class: the sum may be less than what was
/// delivered, never more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SopClasses(BTreeMap<Uid, u64>);

impl SopClasses {
    /// Counts one more instance.
    pub fn count(&mut self, class: &Uid) {
        if let Some(instances) = self.0.get_mut(class) {
            *instances = instances.saturating_add(1);
        } else if self.0.len() < SOP_CLASSES_MAX {
            self.0.insert(class.clone(), 1);
        }
    }

    /// No class is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each class with its instances, in the order of the UIDs' texts.
    pub fn iter(&self) -> impl Iterator<Item = (&Uid, u64)> {
        self.0.iter().map(|(class, instances)| (class, *instances))
    }

    /// Of `instances`, how many are in no class.
    pub fn unnamed(&self, instances: u64) -> u64 {
        let counts = self.0.values();
        counts.fold(instances, |left, named| left.saturating_sub(*named))
    }
}

impl<'u> FromIterator<&'u Uid> for SopClasses {
    fn from_iter<T: IntoIterator<Item = &'u Uid>>(classes: T) -> Self {
        let mut counted = Self::default();
        classes.into_iter().for_each(|class| counted.count(class));
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(number: usize) -> Uid {
        format!("1.2.{number}").parse().unwrap()
    }

    #[test]
    fn instances_are_counted_by_class_and_what_is_too_much_in_none() {
        let mut classes = SopClasses::default();
        for _ in 0..2 {
            (0..=SOP_CLASSES_MAX).for_each(|number| classes.count(&class(number)));
        }
        let told: Vec<_> = classes.iter().collect();
        assert_eq!(told.len(), SOP_CLASSES_MAX);
        assert!(told.iter().all(|(_, instances)| *instances == 2));
        let delivered = 2 * (SOP_CLASSES_MAX as u64 + 1);
        assert_eq!(classes.unnamed(delivered), 2);
    }

    #[test]
    fn more_named_than_delivered_leaves_none_unnamed() {
        let mut classes = SopClasses::default();
        classes.count(&class(1));
        assert_eq!(classes.unnamed(0), 0);
    }
}
