//! Findings that a project has accepted, by fingerprint: what is in the baseline is not reported again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::source::Sources;

/// The accepted findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeSet<Entry>,
}

/// Rule and file stand there for people who read the file; the fingerprint alone decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Entry {
    file: String,
    rule: String,
    fingerprint: String,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    findings: Vec<Entry>,
}

impl Baseline {
    /// A baseline that accepts these findings; `fingerprints` are theirs, in their order.
    pub fn of(sources: &Sources, diagnostics: &[Diagnostic], fingerprints: &[String]) -> Self {
        let entry = |(d, print): (&Diagnostic, &String)| Entry {
            file: sources.path(d.primary.file).to_owned(),
            rule: d.rule.to_owned(),
            fingerprint: print.clone(),
        };
        Baseline { entries: diagnostics.iter().zip(fingerprints).map(entry).collect() }
    }

    /// Reads what [`Baseline::text`] wrote; the error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_str(text).map_err(|e| format!("is no baseline: {e}"))?;
        match document.version {
            1 => Ok(Baseline { entries: document.findings.into_iter().collect() }),
            other => Err(format!("is a baseline of version {other}; this stacklint reads version 1")),
        }
    }

    /// The file's text, sorted, so that it changes as little as the findings do.
    pub fn text(&self) -> String {
        let document = Document { version: 1, findings: self.entries.iter().cloned().collect() };
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Whether a finding is accepted.
    pub fn accepts(&self, fingerprint: &str) -> bool {
        self.entries.iter().any(|e| e.fingerprint == fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let entry = Entry { file: "a".into(), rule: "r".into(), fingerprint: "00".into() };
        let baseline = Baseline { entries: BTreeSet::from([entry]) };
        assert_eq!(Baseline::parse(&baseline.text()), Ok(baseline.clone()));
        assert!(baseline.accepts("00") && !baseline.accepts("01"));
        assert!(Baseline::parse("{\"version\": 2, \"findings\": []}").is_err_and(|e| e.contains("version 2")));
        assert!(Baseline::parse("[]").is_err());
    }
}
