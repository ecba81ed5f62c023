//! What is alike is one line, and every format says it in its own words.

use std::collections::BTreeMap;

use super::*;
use crate::contract::Pseudonym;
use crate::time::DAY_MICROS;
use crate::time::Day;

/// 2026-03-03, 12:00.
const START: UtcMicros = UtcMicros(1_772_539_200_000_000);

fn slug(text: &str) -> InstitutionSlug {
    text.parse().unwrap()
}

fn parties(consents: &[u64]) -> Parties {
    Parties {
        recipient: slug("lakeside"),
        recipient_ae: "LAKE".parse().unwrap(),
        requester: slug("lakeside"),
        requester_ae: "LAKE".parse().unwrap(),
        user: None,
        purpose: Purpose::Treatment,
        authority: Authority {
            observed: false,
            rules: vec!["exchange-with-consent".to_owned()],
            consents: consents.iter().copied().map(ConsentId).collect(),
        },
    }
}

fn sent(entry: u64, days: i64, parties: Parties) -> Disclosure {
    let text = format!("study {entry}");
    Disclosure {
        entry,
        at: START.plus(days * DAY_MICROS),
        parties,
        patient: Pseudonym::from_bytes([1; 16]),
        study: Some(StudyFacts {
            modalities: ["CT".to_owned()].into(),
            date: Day::from_dicom("20251124"),
            uid_digest: Sha256::of(&[text.as_bytes()]),
        }),
        instances: 3,
        failed: 0,
        bytes: 500,
        outcome: Some(Outcome::Completed),
        receipt: None,
    }
}

fn asked() -> Asked {
    let own = slug("st-anna");
    Asked {
        patient: "<4711>".to_owned(),
        issuer: Some("HOSP".to_owned()),
        since: START.years_before(6),
        until: START,
        site: Site {
            own,
            names: BTreeMap::from([(slug("lakeside"), "Lakeside Clinic".to_owned())]),
            addresses: BTreeMap::from([(slug("lakeside"), "=Seestrasse 1".to_owned())]),
            host: String::new(),
            aes: BTreeSet::new(),
        },
        clock: ClockFace::utc(),
    }
}

fn html(found: &Disclosures) -> String {
    let mut out = Vec::new();
    Accounting::of(found).html(&asked(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn csv(found: &Disclosures) -> Vec<String> {
    let mut out = Vec::new();
    Accounting::of(found).csv(&asked(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn images(images: Vec<Disclosure>) -> Disclosures {
    Disclosures {
        images,
        ..Disclosures::default()
    }
}

#[test]
fn one_disclosure_is_told_in_a_sentence_that_needs_no_explanation() {
    let page = html(&images(vec![sent(210, 0, parties(&[3]))]));
    let sentence = "<li>On 3 March 2026 images of a computed tomography (CT) examination of 24 November 2025 were sent to \
                    Lakeside Clinic (address: =Seestrasse 1) for your treatment, because you had consented (consent no. 3). \
                    Number of images: 3. Entry 210.</li>";
    assert!(page.contains(sentence), "{page}");
    assert!(
        page.contains(
            "the number &lt;4711&gt; (given by HOSP), from 3 March 2020 to 3 March 2026."
        )
    );
    assert!(!page.to_lowercase().contains("suspended"));
}

#[test]
fn what_is_alike_is_told_once_with_first_last_and_number() {
    let found = images(vec![
        sent(210, 0, parties(&[3])),
        sent(220, 10, parties(&[3])),
        sent(230, 33, parties(&[3])),
        sent(240, 34, parties(&[4, 5])),
    ]);
    let page = html(&found);
    assert_eq!(page.matches("<li>").count(), 2);
    assert!(
        page.contains("<li>Between 3 March 2026 and 5 April 2026, 3 times, images of a computed"),
        "{page}"
    );
    assert!(
        page.contains("Number of images: 9. First entry 210, last entry 230.</li>"),
        "{page}"
    );
    assert!(
        page.contains("because you had consented (consents no. 4 and 5)"),
        "{page}"
    );
    let rows = csv(&found);
    assert_eq!(rows.len(), 3);
    assert!(
        rows[1].starts_with(
            "images,2026-03-03T12:00:00.000000Z,2026-03-03T12:00:00.000000+00:00,2026-04-05"
        ),
        "{}",
        rows[1]
    );
    assert!(rows[1].contains(",3,lakeside,Lakeside Clinic,\"'=Seestrasse 1\",TREATMENT,consent,"));
    assert!(rows[1].ends_with(",3,,CT,3,9,yes,210,230"), "{}", rows[1]);
}

#[test]
fn every_ground_has_words() {
    let mut emergency = parties(&[]);
    emergency.purpose = Purpose::Emergency;
    let mut observed = parties(&[]);
    observed.authority.observed = true;
    let page = html(&images(vec![
        sent(1, 0, emergency),
        sent(2, 0, observed),
        sent(3, 0, parties(&[])),
    ]));
    for words in [
        "for your urgent treatment, because it was an emergency",
        "although our rules spoke against it",
        "because our rules permit it (rule \u{201c}exchange-with-consent\u{201d}; ask us for its text)",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn what_was_only_told_and_what_broke_off_is_said() {
    let mut broken = sent(5, 0, parties(&[3]));
    broken.outcome = Some(Outcome::Interrupted);
    let told = Told {
        parties: parties(&[3]),
        first_entry: 1,
        first: START,
        last_entry: 2,
        last: START,
        times: 2,
        studies: 2,
        entries: vec![1, 2],
    };
    let found = Disclosures {
        images: vec![broken],
        told: vec![told],
        more: 7,
        ..Disclosures::default()
    };
    let page = html(&found);
    assert!(page.contains(
        "<li>On 3 March 2026, 2 times, Lakeside Clinic (address: =Seestrasse 1) was told"
    ));
    assert!(page.contains("(how many: 2)"));
    assert!(page.contains("not all of it may have arrived. Entry 5.</li>"));
    assert!(page.contains("There were 7 more"));
    let accounting = Accounting::of(&found);
    assert_eq!(accounting.entries(), &BTreeSet::from([1, 2, 5]));
    assert_eq!(accounting.unlisted(), 7);
}

#[test]
fn what_is_suspended_is_marked_where_it_is_told_at_all() {
    let mut found = images(vec![sent(5, 0, parties(&[3]))]);
    assert!(!csv(&found)[0].contains("suspended"));
    found.suspended = BTreeSet::from([slug("lakeside")]);
    let page = html(&found);
    assert!(
        page.contains("Not for the patient.") && page.contains("<li>[Suspended, not to be told")
    );
    assert!(csv(&found)[0].ends_with(",suspended") && csv(&found)[1].ends_with(",yes"));
}

#[test]
fn many_examinations_are_counted_with_their_kinds_and_days() {
    let sent: Vec<_> = (0..7).map(|n| sent(n, 0, parties(&[3]))).collect();
    let page = html(&images(sent));
    assert!(
        page.contains("images of 7 examinations (computed tomography (CT)) of 24 November 2025 to 24 November 2025 were"),
        "{page}"
    );
    assert!(html(&Disclosures::default()).contains("nothing was sent to anybody else"));
}
