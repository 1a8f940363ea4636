//! `# check=skip=…;error=…;experimental=…`, and the build argument that stands in for it.

use crate::stack::{DockerfileUnit, Stack};

/// The build argument that replaces the file's own directive.
const ARGUMENT: &str = "BUILDKIT_DOCKERFILE_CHECK";

/// What a check directive asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckOptions {
    /// The rules that it skips; a rule may be `all`.
    pub skip: Vec<String>,
    /// The experimental rules that it turns on; a rule may be `all`.
    pub experimental: Vec<String>,
}

impl CheckOptions {
    /// Reads what follows `check=`; `None` for what the builder refuses. At most three parts count, the third takes the rest.
    pub(crate) fn parse(value: &str) -> Option<CheckOptions> {
        let mut options = CheckOptions::default();
        for part in value.trim().splitn(3, ';') {
            let (key, value) = part.split_once('=')?;
            let list = || value.split(',').map(|n| n.trim().to_owned()).collect();
            match key.trim() {
                "skip" => options.skip = list(),
                "experimental" => options.experimental = list(),
                "error" if matches!(value.trim(), "1" | "t" | "T" | "TRUE" | "true" | "True") => {}
                "error" if matches!(value.trim(), "0" | "f" | "F" | "FALSE" | "false" | "False") => {}
                _ => return None,
            }
        }
        Some(options)
    }

    /// Reads a comment's text (without its sign); only what stands before the first blank counts, a reason may follow.
    pub(crate) fn comment(text: &str) -> Option<CheckOptions> {
        let (name, value) = text.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("check") {
            return None;
        }
        CheckOptions::parse(value.split_whitespace().next()?)
    }

    /// What holds for a whole file.
    pub(crate) fn of_file(unit: &DockerfileUnit, stack: &Stack) -> Option<CheckOptions> {
        let given = stack.build_args.iter().find(|(name, _)| name == ARGUMENT).map(|(_, value)| value.as_str());
        if let Some(given) = given {
            return CheckOptions::parse(given);
        }
        let directive = unit.ast.directives.iter().find(|d| d.name.value == "check")?;
        CheckOptions::parse(directive.value.split_whitespace().next()?)
    }

    /// Whether it turns an experimental rule on.
    pub(crate) fn asks_for(&self, rule: &str) -> bool {
        self.experimental.iter().any(|r| r == rule) || self.experimental == ["all"]
    }

    /// Whether it skips a rule.
    pub(crate) fn skips(&self, rule: &str) -> bool {
        self.skip.iter().any(|r| r == rule) || self.skip == ["all"]
    }
}

#[cfg(test)]
mod tests {
    use super::CheckOptions;

    #[test]
    fn only_what_the_builder_reads_counts() {
        let skips = |text: &str, rule: &str| CheckOptions::comment(text).map(|o| o.skips(rule));
        assert_eq!(skips("check=skip=A,B", "B"), Some(true));
        assert_eq!(skips("CHECK=skip=A // why", "A"), Some(true));
        assert_eq!(skips("check=skip=A, B", "B"), Some(false));
        assert_eq!(skips("check = skip = A", "A"), None);
        assert_eq!(skips("check=skip=A;", "A"), None);
        assert_eq!(skips("check=error=yes", "A"), None);
        assert_eq!(skips("check=error=true;skip=all", "A"), Some(true));
        assert_eq!(skips("check=error=true;skip=A;experimental=all;skip=B", "B"), Some(false));
    }
}
