//! What a signature and a digest cost here: the floor under everything else.

use std::hint::black_box;

use ed25519_dalek::Signature;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::verify_batch;
use ring::signature::ED25519;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use ring::signature::UnparsedPublicKey;

use crate::on_core;

/// Bytes of an event's signed text.
const TEXT_BYTES: usize = 1_500;
const SIGNATURES: usize = 4_096;
const ROUNDS: usize = 3;

/// Calls a second on one core, in the best round; `work` does `count` of them.
fn rate(count: usize, mut work: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let had = on_core();
        work();
        f64::from(u32::try_from(count).unwrap()) / (on_core() - had).as_secs_f64()
    });
    rounds.fold(0.0, f64::max)
}

pub(crate) fn table() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let texts: Vec<Vec<u8>> = (0..SIGNATURES)
        .map(|number| format!("{number:0TEXT_BYTES$}").into_bytes())
        .collect();
    let signed: Vec<[u8; 64]> = texts
        .iter()
        .map(|text| pair.sign(text).as_ref().try_into().unwrap())
        .collect();
    println!("\n| signatures of texts of {TEXT_BYTES} bytes | a second, one core |\n|---|---|");
    let told = |what: &str, rate: f64| println!("| {what} | {rate:.0} |");
    let signing = rate(SIGNATURES, || {
        for text in &texts {
            black_box(pair.sign(text));
        }
    });
    told("made, ring", signing);
    let public = pair.public_key().as_ref();
    let key = UnparsedPublicKey::new(&ED25519, public);
    let singly = rate(SIGNATURES, || {
        for (text, signature) in texts.iter().zip(&signed) {
            key.verify(text, signature).unwrap();
        }
    });
    told("verified one by one, ring", singly);
    let point = VerifyingKey::from_bytes(public.try_into().unwrap()).unwrap();
    let signatures: Vec<Signature> = signed.iter().map(Signature::from_bytes).collect();
    let strictly = rate(SIGNATURES, || {
        for (text, signature) in texts.iter().zip(&signatures) {
            point.verify_strict(text, signature).unwrap();
        }
    });
    told("verified one by one, dalek", strictly);
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    for size in [16, 64, 128, 256, 512] {
        let keys = vec![point; size];
        let batched = rate(SIGNATURES, || {
            for (texts, signatures) in texts.chunks(size).zip(signatures.chunks(size)) {
                verify_batch(texts, signatures, &keys).unwrap();
            }
        });
        told(&format!("verified {size} together, dalek"), batched);
    }
    let block = vec![0; 1 << 24];
    let megabytes = rate(block.len() >> 20, || {
        black_box(credence::digest::Sha256::of(&[&block]));
    });
    println!("\nSHA-256 (ring): {megabytes:.0} MiB a second in one piece");
    let line = [0; 512];
    let lines = rate(1 << 20, || {
        for _ in 0..1 << 20 {
            black_box(credence::digest::Sha256::of(&[black_box(&line)]));
        }
    });
    println!("SHA-256 (ring): {lines:.0} lines of 512 bytes a second");
}
