//! What pages say, in five languages: messages by Project Fluent, files for each language beside this one.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::FluentArgs;
use fluent_bundle::FluentResource;
use fluent_bundle::FluentValue;
use fluent_bundle::concurrent::FluentBundle;
use unic_langid::LanguageIdentifier;

/// Files of a language: what is around every page, and one for each page.
const FILES: usize = 12;

macro_rules! files {
    ($code:literal) => {
        [
            include_str!(concat!("words/", $code, "/frame.ftl")),
            include_str!(concat!("words/", $code, "/overview.ftl")),
            include_str!(concat!("words/", $code, "/transfers.ftl")),
            include_str!(concat!("words/", $code, "/decisions.ftl")),
            include_str!(concat!("words/", $code, "/institutions.ftl")),
            include_str!(concat!("words/", $code, "/consents.ftl")),
            include_str!(concat!("words/", $code, "/policy.ftl")),
            include_str!(concat!("words/", $code, "/reviews.ftl")),
            include_str!(concat!("words/", $code, "/audit.ftl")),
            include_str!(concat!("words/", $code, "/ledger.ftl")),
            include_str!(concat!("words/", $code, "/peers.ftl")),
            include_str!(concat!("words/", $code, "/accounts.ftl")),
        ]
    };
}

/// A language that pages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tongue {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Chinese, in simplified characters.
    Chinese,
}

impl Tongue {
    /// Every one.
    pub(super) const ALL: [Self; 5] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Chinese,
    ];

    /// As browsers and pages name it (BCP 47).
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Chinese => "zh",
        }
    }

    /// What those call it who speak it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Chinese => "中文",
        }
    }

    /// By its code.
    pub(super) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tongue| tongue.code() == code)
    }

    /// The first that we have of those that a browser asks for, in its order (RFC 9110 §12.5.4). What it weighs
    /// less comes later in every browser that we know.
    pub(super) fn asked_for(accept_language: &str) -> Self {
        let wanted = accept_language.split(',').map(|one| {
            let tag = one.split(';').next().unwrap_or_default().trim();
            tag.split('-').next().unwrap_or_default().to_lowercase()
        });
        wanted
            .take(WANTED_MAX)
            .find_map(|code| Self::of(&code))
            .unwrap_or_default()
    }

    const fn files(self) -> [&'static str; FILES] {
        match self {
            Self::English => files!("en"),
            Self::German => files!("de"),
            Self::French => files!("fr"),
            Self::Spanish => files!("es"),
            Self::Chinese => files!("zh"),
        }
    }

    /// Its messages.
    pub(super) fn words(self) -> &'static Words {
        macro_rules! once {
            ($tongue:expr) => {{
                static WORDS: LazyLock<Words> = LazyLock::new(|| Words::read($tongue));
                &WORDS
            }};
        }
        match self {
            Self::English => once!(Tongue::English),
            Self::German => once!(Tongue::German),
            Self::French => once!(Tongue::French),
            Self::Spanish => once!(Tongue::Spanish),
            Self::Chinese => once!(Tongue::Chinese),
        }
    }
}

/// Languages of a browser that are looked at.
const WANTED_MAX: usize = 16;

/// The messages of one language.
pub(super) struct Words {
    /// Which.
    pub(super) tongue: Tongue,
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({})", self.tongue.code())
    }
}

impl Words {
    /// What cannot be read of a file is left out; a test finds it.
    fn read(tongue: Tongue) -> Self {
        let language: LanguageIdentifier = tongue.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Marks around what is put in are for mixed directions of writing, and none of ours goes leftwards.
        bundle.set_use_isolating(false);
        for file in tongue.files() {
            let resource = FluentResource::try_new(file.to_owned());
            let resource = resource.unwrap_or_else(|(whole, _)| whole);
            let _ = bundle.add_resource(resource);
        }
        Self { tongue, bundle }
    }

    /// A message.
    pub(super) fn say(&self, id: &str) -> Cow<'_, str> {
        self.format(id, None)
    }

    /// A message with something in it.
    pub(super) fn with<'v>(
        &self,
        id: &str,
        name: &'static str,
        value: impl Into<FluentValue<'v>>,
    ) -> String {
        let mut values = FluentArgs::new();
        values.set(name, value);
        self.format(id, Some(&values)).into_owned()
    }

    /// A message with several things in it.
    pub(super) fn with_all<const N: usize>(
        &self,
        id: &str,
        all: [(&'static str, FluentValue<'_>); N],
    ) -> String {
        let mut values = FluentArgs::new();
        for (name, value) in all {
            values.set(name, value);
        }
        self.format(id, Some(&values)).into_owned()
    }

    /// A message that is missing says its own name: a person can go on with that, and a test fails.
    fn format(&self, id: &str, values: Option<&FluentArgs<'_>>) -> Cow<'_, str> {
        let message = self.bundle.get_message(id);
        match message.and_then(|message| message.value()) {
            Some(pattern) => {
                let text = self.bundle.format_pattern(pattern, values, &mut Vec::new());
                Cow::Owned(text.into_owned())
            }
            None => Cow::Owned(id.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
