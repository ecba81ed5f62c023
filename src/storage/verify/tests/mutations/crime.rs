//! What a forger may do, drawn by chance.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::ENTRIES;

/// One thing that is done to the entries.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// One member of one entry gets another value.
    Forge(Index, Member),
    /// One byte of one line.
    Byte(Index, Index, u8),
    /// An entry of one's own is put in, in the form of another.
    Insert(Index, Index),
    Remove(Index, Index),
    Duplicate(Index, Index),
    Swap(Index, Index),
    Reverse(Index, Index),
    /// An entry that the same key signed in another history.
    Other(Index),
    /// An entry gives way to a copy of another.
    Replace(Index, Index),
    Sealed(Index, Seal),
    Truncate(Index),
    /// A stretch is put elsewhere.
    Splice(Index, Index, Index),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Member {
    Text,
    LedgerTime(i64),
    Wall,
    Mono,
    Seq(u64),
    Prev,
    Boot,
    AuthorSeq,
    Signature,
    SealedDigest,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Seal {
    Drop,
    Change,
    Add,
    Swap,
}

/// How much of what depends on the entries is computed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    /// The digests in the frames.
    Frames,
    /// And every number and link, from the first change to the end.
    Chain,
}

/// What is done to the files afterwards.
#[derive(Clone, Debug)]
pub(super) enum Files {
    Nothing,
    SwapBatches(Index, Index),
    RemoveBatch(Index),
    DuplicateBatch(Index, Index),
    SwapSegments(Index, Index),
    RemoveSegment(Index),
    /// Bytes are cut off at the end.
    Cut(Index),
    /// A stretch of bytes is written over another.
    Overwrite(Index, Index, u8),
    Flip(Index, u8),
    /// A stretch of bytes is taken out, and what follows moves up.
    TakeOut(Index, u8),
}

/// What lies in the checkpoints' place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slots {
    Newest,
    /// One that the log signed earlier.
    Older,
    None,
}

fn act() -> impl Strategy<Value = Act> {
    use any as a;
    let member = prop_oneof![
        Just(Member::Text),
        (-5_000_i64..5_000).prop_map(Member::LedgerTime),
        Just(Member::Wall),
        Just(Member::Mono),
        (0_u64..ENTRIES + 3).prop_map(Member::Seq),
        Just(Member::Prev),
        Just(Member::Boot),
        Just(Member::AuthorSeq),
        Just(Member::Signature),
        Just(Member::SealedDigest),
    ];
    let seal = prop_oneof![
        Just(Seal::Drop),
        Just(Seal::Change),
        Just(Seal::Add),
        Just(Seal::Swap)
    ];
    prop_oneof![
        (a::<Index>(), member).prop_map(|(at, member)| Act::Forge(at, member)),
        (a::<Index>(), a::<Index>(), a::<u8>()).prop_map(|(at, place, b)| Act::Byte(at, place, b)),
        (a::<Index>(), a::<Index>()).prop_map(|(at, like)| Act::Insert(at, like)),
        (a::<Index>(), a::<Index>()).prop_map(|(from, to)| Act::Remove(from, to)),
        (a::<Index>(), a::<Index>()).prop_map(|(from, to)| Act::Duplicate(from, to)),
        (a::<Index>(), a::<Index>()).prop_map(|(one, other)| Act::Swap(one, other)),
        (a::<Index>(), a::<Index>()).prop_map(|(from, to)| Act::Reverse(from, to)),
        a::<Index>().prop_map(Act::Other),
        (a::<Index>(), a::<Index>()).prop_map(|(at, by)| Act::Replace(at, by)),
        (a::<Index>(), seal).prop_map(|(at, seal)| Act::Sealed(at, seal)),
        a::<Index>().prop_map(Act::Truncate),
        (a::<Index>(), a::<Index>(), a::<Index>()).prop_map(|(a, b, c)| Act::Splice(a, b, c)),
    ]
}

fn files() -> impl Strategy<Value = Files> {
    use any as a;
    prop_oneof![
        10 => Just(Files::Nothing),
        1 => (a::<Index>(), a::<Index>()).prop_map(|(one, other)| Files::SwapBatches(one, other)),
        1 => a::<Index>().prop_map(Files::RemoveBatch),
        1 => (a::<Index>(), a::<Index>()).prop_map(|(at, to)| Files::DuplicateBatch(at, to)),
        1 => (a::<Index>(), a::<Index>()).prop_map(|(one, other)| Files::SwapSegments(one, other)),
        1 => a::<Index>().prop_map(Files::RemoveSegment),
        1 => a::<Index>().prop_map(Files::Cut),
        1 => (a::<Index>(), a::<Index>(), a::<u8>())
            .prop_map(|(from, to, count)| Files::Overwrite(from, to, count)),
        1 => (a::<Index>(), a::<u8>()).prop_map(|(at, bit)| Files::Flip(at, bit)),
        1 => (a::<Index>(), a::<u8>()).prop_map(|(at, count)| Files::TakeOut(at, count)),
    ]
}

/// All that is done to a ledger.
#[derive(Clone, Debug)]
pub(super) struct Crime {
    pub(super) acts: Vec<Act>,
    pub(super) repair: Repair,
    pub(super) files: Files,
    /// Entries in a batch.
    pub(super) per_batch: usize,
    pub(super) slots: Slots,
}

pub(super) fn crime() -> impl Strategy<Value = Crime> {
    let repair = prop_oneof![Just(Repair::Frames), Just(Repair::Chain)];
    let slots = prop_oneof![Just(Slots::Newest), Just(Slots::Older), Just(Slots::None)];
    (vec(act(), 0..4), repair, files(), 1_usize..9, slots).prop_map(
        |(acts, repair, files, per_batch, slots)| Crime {
            acts,
            repair,
            files,
            per_batch,
            slots,
        },
    )
}
