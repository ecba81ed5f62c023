//! Webhooks and e-mail.

use super::*;

const MAIL: &str =
    "[mail]\nsmtp = \"mail.example:465\"\nfrom = \"a@own.example\"\nto = [\"b@own.example\"]\n";

#[test]
fn without_a_server_there_is_no_e_mail_and_no_word_of_it() {
    assert_eq!(parse(&[BASE]).unwrap().alarm.mail, None);
    assert!(parse(&[BASE, MAIL]).unwrap().alarm.mail.is_some());
    let without = MAIL.replace("smtp", "# smtp");
    assert_eq!(keys(&[BASE, &without]), ["mail.from", "mail.to"]);
}

#[test]
fn e_mail_leaves_this_machine_by_tls_alone() {
    let none = |smtp: &str| MAIL.replace("mail.example:465", smtp) + "tls = \"none\"\n";
    assert!(parse(&[BASE, &none("localhost:25")]).is_ok());
    assert!(parse(&[BASE, &none("[::1]:25")]).is_ok());
    assert_eq!(keys(&[BASE, &none("mail.example:25")]), ["mail.tls"]);
}

#[test]
fn a_user_has_a_passcode_and_a_message_has_readers() {
    assert_eq!(keys(&[BASE, MAIL, "user = \"x\"\n"]), ["mail.user"]);
    assert_eq!(
        keys(&[BASE, MAIL, "passcode_file = \"x\"\n"]),
        ["mail.user"]
    );
    let both = "user = \"x\"\npasscode_file = \"x\"\n";
    assert!(parse(&[BASE, MAIL, both]).is_ok());
    let to = |to: &str| MAIL.replace("[\"b@own.example\"]", to);
    assert_eq!(keys(&[BASE, &to("[]")]), ["mail.to"]);
    let many = format!("[{}]", vec!["\"b@own.example\""; 21].join(", "));
    assert_eq!(keys(&[BASE, &to(&many)]), ["mail.to"]);
    assert_eq!(
        keys(&[BASE, &MAIL.replace("from", "# from")]),
        ["mail.from"]
    );
}

#[test]
fn a_webhook_by_tls_needs_a_certificate_of_ours_and_a_name_of_its_own() {
    let row =
        |url: &str| format!("[[webhook]]\nname = \"a\"\nurl = \"{url}\"\nsecret_file = \"s\"\n");
    let (plain, by_tls) = (row("http://localhost:80"), row("https://ops.example:443/x"));
    assert!(parse(&[BASE, &plain]).is_ok());
    assert_eq!(keys(&[BASE, &by_tls]), ["webhook[0].url"]);
    assert_eq!(keys(&[BASE, &plain, &plain]), ["webhook[1].name"]);
}
