//! The instructions, and the flags that each of them knows.

use super::ast::Keyword;

const KEYWORDS: [(&str, Keyword); 18] = [
    ("ADD", Keyword::Add),
    ("ARG", Keyword::Arg),
    ("CMD", Keyword::Cmd),
    ("COPY", Keyword::Copy),
    ("ENTRYPOINT", Keyword::Entrypoint),
    ("ENV", Keyword::Env),
    ("EXPOSE", Keyword::Expose),
    ("FROM", Keyword::From),
    ("HEALTHCHECK", Keyword::Healthcheck),
    ("LABEL", Keyword::Label),
    ("MAINTAINER", Keyword::Maintainer),
    ("ONBUILD", Keyword::Onbuild),
    ("RUN", Keyword::Run),
    ("SHELL", Keyword::Shell),
    ("STOPSIGNAL", Keyword::Stopsignal),
    ("USER", Keyword::User),
    ("VOLUME", Keyword::Volume),
    ("WORKDIR", Keyword::Workdir),
];

/// The keyword that a word spells, in any case.
pub(super) fn keyword(word: &str) -> Option<Keyword> {
    KEYWORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|&(_, k)| k)
}

impl Keyword {
    /// The keyword that a word spells, in any case; [`Keyword::Unknown`] for any other.
    pub fn parse(word: &str) -> Keyword {
        keyword(word).unwrap_or(Keyword::Unknown)
    }

    /// The keyword in upper case; empty for [`Keyword::Unknown`].
    pub fn name(self) -> &'static str {
        KEYWORDS.iter().find(|(_, k)| *k == self).map_or("", |(name, _)| name)
    }

    /// The flags that the instruction knows.
    pub(super) fn flags(self) -> &'static [FlagRule] {
        use Takes::{Bool, List, One};
        match self {
            Keyword::Add => &[
                FlagRule("chown", One),
                FlagRule("chmod", One),
                FlagRule("link", Bool),
                FlagRule("keep-git-dir", Bool),
                FlagRule("checksum", One),
                FlagRule("unpack", Bool),
                FlagRule("exclude", List),
            ],
            Keyword::Copy => &[
                FlagRule("chown", One),
                FlagRule("from", One),
                FlagRule("chmod", One),
                FlagRule("link", Bool),
                FlagRule("exclude", List),
                FlagRule("parents", Bool),
            ],
            Keyword::From => &[FlagRule("platform", One)],
            Keyword::Run => &[FlagRule("mount", List), FlagRule("network", One), FlagRule("security", One), FlagRule("device", List)],
            Keyword::Healthcheck => &[
                FlagRule("interval", One),
                FlagRule("timeout", One),
                FlagRule("start-period", One),
                FlagRule("start-interval", One),
                FlagRule("retries", One),
            ],
            _ => &[],
        }
    }
}

/// A flag's name and what it takes.
pub(super) struct FlagRule(pub(super) &'static str, pub(super) Takes);

/// What a flag takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// `--flag`, `--flag=true`, `--flag=false`.
    Bool,
    /// A value, once.
    One,
    /// A value, any number of times.
    List,
}

/// The closest of `options` to a misspelt word.
pub(super) fn closest<'a>(word: &str, options: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    crate::syntax::closest(word, options)
}

/// The misspelt keyword's neighbour.
pub(super) fn closest_keyword(word: &str) -> Option<&'static str> {
    closest(&word.to_uppercase(), KEYWORDS.iter().map(|(name, _)| *name))
}
