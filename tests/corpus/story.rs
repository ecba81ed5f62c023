//! A story in which everything happens that the contract knows of, and after each chapter the same
//! questions are put. St. Anna keeps the ledger; the Lakeside, Hill and Meadow clinics deal with it.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use credence::contract::Body;
use credence::contract::Consent;
use credence::contract::ConsentId;
use credence::contract::Effect;
use credence::contract::ErasureReason;
use credence::contract::Giver;
use credence::contract::Grantees;
use credence::contract::Incident;
use credence::contract::Outcome;
use credence::contract::Pseudonym;
use credence::contract::Purpose;
use credence::contract::Request;
use credence::contract::StandingEvidence;
use credence::contract::StudyFacts;
use credence::contract::TransportFacts;
use credence::contract::User;
use credence::contract::UserProof;
use credence::contract::Verb;
use credence::digest::Sha256;
use credence::ledger::Checkpoint;
use credence::ledger::Tree;
use credence::ledger::leaf_hash;
use credence::storage::Keys;
use credence::time::DAY_MICROS;
use credence::time::Day;
use credence::time::UtcMicros;

use crate::books::Books;
use crate::books::OWN;
use crate::books::delivered;
use crate::books::slug;

const HOUR_MICROS: i64 = 3_600_000_000;
/// 2026-02-02, noon.
const BEGIN: UtcMicros = UtcMicros(20_486 * DAY_MICROS + DAY_MICROS / 2);

/// Rules that a site might add: obligations that cannot be met, and one that can fail.
const MORE: &str = r#"
@id("teaching")
@description("Teaching files leave without what identifies.")
@obligation("deidentify")
permit (principal, action in Action::"Operations", resource)
when { !context.within && context.purpose == "OPERATIONS" };

@id("billing")
@obligation("wait_for_finality")
permit (principal, action in Action::"Operations", resource)
when { !context.within && context.purpose == "PAYMENT" };

@id("own-choice-by-tls")
@obligation("require_tls")
permit (principal, action in Action::"SelfService", resource)
when { !context.within && context.standing >= 500 };

@id("overflows")
forbid (principal, action in Action::"Research", resource)
when { context has study_age_days && context.study_age_days * 9223372036854775807 > 0 };
"#;

fn patient(number: u8) -> Pseudonym {
    Pseudonym::from_bytes([number; 16])
}

fn by(name: &str) -> String {
    name.to_owned()
}

impl Books {
    fn consent(&mut self, consent: Consent) -> u64 {
        let by = by("desk");
        self.say(Body::ConsentGranted { consent, by })
    }

    fn grant(&self, number: u8, to: Grantees, purposes: &[Purpose]) -> Consent {
        self.unrestricted(patient(number), to, purposes)
    }

    fn request(
        &self,
        verb: Verb,
        purpose: Purpose,
        from: &str,
        to: &str,
        who: Option<u8>,
    ) -> Request {
        Request {
            verb,
            purpose,
            requester: slug(from),
            requester_ae: "THEIR_WS".parse().unwrap(),
            user: (purpose == Purpose::Research).then(|| User {
                name: "dr".to_owned(),
                proof: UserProof::Passcode,
            }),
            again: None,
            through: None,
            custodian: slug(if verb == Verb::Store { from } else { OWN }),
            recipient: slug(to),
            recipient_ae: "THEIR_AE".parse().unwrap(),
            patient: who.map(patient),
            study: who.map(|number| StudyFacts {
                modalities: BTreeSet::from([if number % 2 == 0 { "MR" } else { "CT" }.to_owned()]),
                date: (number != 5).then_some(Day(20_480)),
                uid_digest: Sha256::of(&[b"study", &[number]]),
            }),
            question: verb == Verb::Query && who.is_none(),
            transport: TransportFacts {
                tls: purpose == Purpose::PatientRequest && to == "hill",
                mutual: false,
                address_checked: true,
                certificate: None,
            },
            received_at: self.now,
        }
    }

    /// Every verb, purpose and patient, for a pair of institutions that changes from one to the
    /// next.
    fn all_questions(&mut self) {
        let pairs = [
            (OWN, OWN),
            ("lakeside", "lakeside"),
            ("hill", "hill"),
            ("meadow", "meadow"),
            (OWN, "lakeside"),
            ("hill", OWN),
            ("lakeside", "hill"),
        ];
        let mut turn = 0_usize;
        for verb in [Verb::Store, Verb::Query, Verb::Retrieve] {
            for purpose in Purpose::ALL {
                for who in [None, Some(1), Some(2), Some(3), Some(4), Some(5)] {
                    let (from, to) = pairs[turn % pairs.len()];
                    turn += 1;
                    let request = self.request(verb, purpose, from, to, who);
                    self.ask(&request, Outcome::Completed, None);
                    self.now = self.now.plus(60_000_000);
                }
            }
        }
    }

    fn routine(&mut self, days: u32) {
        for _ in 0..days {
            self.now = self.now.plus(DAY_MICROS);
            for (institution, fault) in [("hill", None), ("meadow", Some("meadow"))] {
                let request = self.request(
                    Verb::Retrieve,
                    Purpose::Treatment,
                    institution,
                    institution,
                    Some(1),
                );
                let outcome = fault.map_or(Outcome::Completed, |_| Outcome::Failed);
                self.ask(&request, outcome, fault);
            }
        }
    }
}

/// Tells the story below `folder`; gives the data folder.
pub(crate) fn tell(folder: &Path) -> PathBuf {
    let mut books = Books::begin(folder, BEGIN);
    books.say(Body::Started {
        version: "0".to_owned(),
        boot: "0".to_owned(),
    });
    books.all_questions();
    consents(&mut books);
    books.all_questions();
    scores(&mut books);
    books.all_questions();
    emergencies(&mut books);
    patients(&mut books);
    books.all_questions();
    incidents(&mut books);
    books.all_questions();
    keeping(&mut books);
    rules(&mut books);
    books.all_questions();
    books.close()
}

fn consents(books: &mut Books) {
    let everything = Purpose::ALL;
    let named = |slugs: &[&str]| Grantees::Named(slugs.iter().map(|text| slug(text)).collect());
    books.consent(books.grant(1, named(&["lakeside", "hill", "meadow", OWN]), &everything));
    books.consent(books.grant(2, Grantees::Any, &everything));
    let one_study = Consent {
        study_uid_digest: Some(Sha256::of(&[b"study", &[3]])),
        ..books.grant(3, named(&["meadow", "hill"]), &everything)
    };
    books.consent(one_study);
    let narrow = Consent {
        modalities: Some(BTreeSet::from(["MR".to_owned()])),
        study_from: Some(Day(20_400)),
        study_until: Some(Day(20_481)),
        valid_until: Some(books.now.plus(400 * DAY_MICROS)),
        ..books.grant(4, named(&["lakeside"]), &[Purpose::Treatment])
    };
    books.consent(narrow);
    let objection = Consent {
        effect: Effect::Deny,
        ..books.grant(5, Grantees::Any, &everything)
    };
    let objection = books.consent(objection);
    books.all_questions();
    books.say(Body::ConsentRevoked {
        consent: ConsentId(objection),
        patient: patient(5),
        by: by("desk"),
    });
    let grant = books.consent(books.grant(5, named(&["hill"]), &[Purpose::Treatment]));
    let revocation = books.say(Body::ConsentRevoked {
        consent: ConsentId(grant),
        patient: patient(5),
        by: by("desk"),
    });
    books.say(Body::RevocationHonoured {
        revocation,
        institution: slug("hill"),
        by: by("officer"),
    });
    let objection = Consent {
        effect: Effect::Deny,
        ..books.grant(
            5,
            named(&["lakeside"]),
            &[Purpose::Treatment, Purpose::Emergency],
        )
    };
    books.consent(objection);
}

/// Hill becomes good, Meadow bad, and then worse.
fn scores(books: &mut Books) {
    books.routine(20);
    books.all_questions();
    books.routine(90);
}

fn emergencies(books: &mut Books) {
    books.now = books.now.plus(DAY_MICROS);
    let mut reviewed = Vec::new();
    for number in 0..12 {
        let mut request = books.request(
            Verb::Retrieve,
            Purpose::Emergency,
            "lakeside",
            "lakeside",
            Some(100 + number),
        );
        request.requester_ae = "LAKE_ER".parse().unwrap();
        reviewed.push(books.ask(&request, Outcome::Completed, None));
    }
    let lakeside = || slug("lakeside");
    for (review, justified) in [(reviewed[0], true), (reviewed[1], false)] {
        books.say(Body::ReviewReasoned {
            review,
            by: by("dr"),
        });
        books.say(Body::ReviewClosed {
            review,
            institution: lakeside(),
            justified,
            by: by("officer"),
        });
    }
    books.now = books.now.plus(25 * HOUR_MICROS);
    books.say(Body::ReviewOverdue {
        review: reviewed[2],
        institution: lakeside(),
    });
    books.say(Body::Alert {
        code: "review-overdue".to_owned(),
        text: "late".to_owned(),
        about: Some(reviewed[2]),
    });
}

fn patients(books: &mut Books) {
    let (one, other) = (patient(5), patient(2));
    books.say(Body::PatientLinked {
        patient: one,
        into: other,
        by: by("desk"),
    });
    books.all_questions();
    books.say(Body::PatientUnlinked {
        patient: one,
        from: other,
        by: by("desk"),
    });
    books.say(Body::GuardianNamed {
        patient: one,
        until: None,
        by: by("desk"),
    });
    let by_guardian = Consent {
        given_by: Giver::Guardian,
        ..books.grant(5, Grantees::Any, &[Purpose::PatientRequest])
    };
    let consent = books.consent(by_guardian);
    books.say(Body::GuardianEnded {
        patient: one,
        by: by("desk"),
    });
    for evidence in StandingEvidence::ALL {
        books.say(Body::StandingNoted {
            patient: one,
            evidence,
            proof: vec![consent],
            by: by("desk"),
        });
    }
}

fn incidents(books: &mut Books) {
    let mut decided = Vec::new();
    for (number, incident) in Incident::ALL.into_iter().enumerate() {
        let institution = slug(["lakeside", "hill"][number % 2]);
        let report = books.say(Body::IncidentReported {
            incident,
            institution: institution.clone(),
            proof: vec![1],
            reference: format!("case {number}"),
            by: by("officer"),
        });
        decided.push(books.say(Body::IncidentDecided {
            report,
            institution,
            upheld: number > 0,
            by: by("arbiter"),
        }));
    }
    books.all_questions();
    books.say(Body::ChargeReversed {
        charge: decided[3],
        institution: slug("hill"),
        by: by("arbiter"),
    });
    books.say(Body::CeilingLifted {
        charge: decided[4],
        institution: slug("lakeside"),
        by: by("arbiter"),
    });
}

fn keeping(books: &mut Books) {
    let hold = books.say(Body::HoldPlaced {
        patients: Some(BTreeSet::from([patient(6)])),
        reference: "case 9".to_owned(),
        from_year: Some(2020),
        until_year: None,
        by: by("officer"),
    });
    books.say(Body::HoldLifted {
        hold,
        by: by("officer"),
    });
    books.say(Body::PatientErased {
        patients: BTreeSet::from([patient(6)]),
        reason: ErasureReason::Objection,
        by: by("desk"),
    });
    books.say(Body::DetailsDropped {
        epoch: "2019/default".parse().unwrap(),
        by: by("officer"),
    });
    let folder = tempfile::tempdir().unwrap();
    let (keys, data) = (folder.path().join("keys"), folder.path().join("data"));
    let meadow = Keys::open(&keys, &data, &slug("meadow")).unwrap().log;
    let note = |leaf: &[u8]| {
        let mut tree = Tree::new();
        tree.push(leaf_hash(leaf));
        Checkpoint::sign(&tree, &meadow).unwrap()
    };
    books.say(Body::Equivocated {
        institution: slug("meadow"),
        key: meadow.key().to_string(),
        first: note(b"one"),
        second: note(b"another"),
    });
    books.all_questions();
}

fn rules(books: &mut Books) {
    let (unwanted, wanted) = (delivered(Some("// nothing more")), delivered(Some(MORE)));
    books.propose(&unwanted, "officer");
    books.propose(&wanted, "officer");
    let sha256 = wanted.sha256();
    books.say(Body::PolicyApproved {
        sha256,
        by: by("director"),
    });
    books.say(Body::PolicyWithdrawn {
        sha256: unwanted.sha256(),
        by: by("officer"),
    });
    books.say(Body::PolicyActivated {
        sha256,
        by: by("officer"),
    });
}
