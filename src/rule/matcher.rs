//! Declarative rules: what a page's `match:` says, applied to the model. Users write their own rules in the same words.

use globset::{Glob, GlobMatcher, GlobSet};
use serde::Deserialize;

use super::Cx;
use crate::compose::Service;
use crate::source::Span;
use crate::stack::Stack;
use crate::syntax::dockerfile::Instruction;
use crate::syntax::shell::{Command, Word};

/// `match:` of a page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Match {
    /// An instruction of a Dockerfile.
    #[serde(default)]
    pub instruction: Option<InstructionMatch>,
    /// A command of a script.
    #[serde(default)]
    pub command: Option<CommandMatch>,
    /// A key of a service.
    #[serde(default)]
    pub service: Option<KeyMatch>,
    /// The finding's message; `{text}` is the matched text, `{name}` the keyword, command or service.
    pub message: String,
    /// What to do.
    #[serde(default)]
    pub help: Option<String>,
}

/// Which instructions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InstructionMatch {
    /// Keywords, in any case.
    pub keyword: OneOrMore,
    /// A flag that it has, without `--`.
    #[serde(default)]
    pub flag: Option<String>,
    /// A flag that it does not have.
    #[serde(default)]
    pub without_flag: Option<String>,
    /// A glob that its text after the flags matches.
    #[serde(default)]
    pub text: Option<String>,
    /// A glob that its text does not match.
    #[serde(default)]
    pub not_text: Option<String>,
}

/// Which commands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CommandMatch {
    /// Names, without folder.
    pub name: OneOrMore,
    /// First operand.
    #[serde(default)]
    pub subcommand: Option<OneOrMore>,
    /// Options of which it has at least one.
    #[serde(default)]
    pub option: Option<OneOrMore>,
    /// Options of which it has none.
    #[serde(default)]
    pub without: Option<OneOrMore>,
    /// A glob that one of its operands matches.
    #[serde(default)]
    pub operand: Option<String>,
    /// Only in RUN instructions.
    #[serde(default)]
    pub build_only: bool,
}

/// Which key of a service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyMatch {
    /// The key, or a path of keys: `deploy.resources.limits.memory`.
    pub key: String,
    /// Globs, of which its value or one of its items matches one.
    #[serde(default)]
    pub value: Option<OneOrMore>,
    /// Globs, of which its value or one of its items matches none.
    #[serde(default)]
    pub not_value: Option<OneOrMore>,
    /// The finding is that the key is not there; it stands at the service's name.
    #[serde(default)]
    pub missing: bool,
}

impl KeyMatch {
    /// Whether values have to be looked at: the names of a service's own keys are always there.
    fn asks(&self) -> bool {
        self.value.is_some() || self.not_value.is_some() || self.key.contains('.')
    }
}

/// A word or a list of words.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl OneOrMore {
    fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        match self {
            OneOrMore::One(word) => test(word),
            OneOrMore::More(words) => words.iter().any(|w| test(w)),
        }
    }

    fn words(&self) -> &[String] {
        match self {
            OneOrMore::One(word) => std::slice::from_ref(word),
            OneOrMore::More(words) => words,
        }
    }
}

impl Match {
    /// The key path of services whose values it looks at.
    pub(super) fn asked(&self) -> Option<&str> {
        self.service.as_ref().filter(|s| s.asks()).map(|s| s.key.as_str())
    }

    /// What is wrong with it, beyond what its keys say.
    pub(super) fn judge(&self) -> Result<(), String> {
        if self.message.trim().is_empty() {
            return Err("the `message:` under `match:` is empty".to_owned());
        }
        if self.instruction.is_none() && self.command.is_none() && self.service.is_none() {
            return Err("`match:` holds none of `instruction`, `command` and `service`, so the rule finds nothing".to_owned());
        }
        let texts = self.instruction.iter().flat_map(|i| [&i.text, &i.not_text]);
        let values = self.service.iter().flat_map(|s| [&s.value, &s.not_value]).flatten().flat_map(OneOrMore::words);
        if self.service.as_ref().is_some_and(|s| s.missing && (s.value.is_some() || s.not_value.is_some())) {
            return Err("under `service:` stands `missing` beside a value: what is missing has none".to_owned());
        }
        for pattern in texts.chain(self.command.iter().map(|c| &c.operand)).flatten().chain(values) {
            Glob::new(pattern).map_err(|e| format!("`{pattern}` is no pattern: {}", e.kind()))?;
        }
        Ok(())
    }
}

/// Runs a declarative rule over the stack.
pub(crate) fn run(rule: &Match, stack: &Stack, cx: &mut Cx<'_>) {
    let mut found: Vec<(Span, String)> = Vec::new();
    if let Some(wanted) = &rule.instruction {
        let texts = (wanted.text.as_deref().map(glob), wanted.not_text.as_deref().map(glob));
        for unit in &stack.dockerfiles {
            for (_, instruction) in unit.ast.instructions() {
                if matches_instruction(wanted, &texts, instruction) {
                    found.push((instruction.head, instruction.word.value.clone()));
                }
            }
        }
    }
    if let Some(wanted) = &rule.command {
        let operand = wanted.operand.as_deref().map(glob);
        for unit in stack.all_scripts() {
            let run = matches!(unit.origin, crate::stack::ScriptOrigin::Instruction { dockerfile, item, .. }
                if stack.instruction(dockerfile, item).is_some_and(|(_, i)| i.word.value.eq_ignore_ascii_case("run")));
            if wanted.build_only && !run {
                continue;
            }
            for (_, command) in unit.script.walk() {
                if matches_command(wanted, operand.as_ref(), command) {
                    found.push((command.span, command.effective().name().unwrap_or_default().into_owned()));
                }
            }
        }
    }
    if let Some(wanted) = &rule.service {
        let globs = (wanted.value.as_ref().map(any_glob), wanted.not_value.as_ref().map(any_glob));
        for service in stack.projects.iter().flat_map(|p| &p.services) {
            found.extend(in_service(wanted, &globs, service).into_iter().map(|span| (span, service.name.value.clone())));
        }
    }
    for (span, name) in found {
        let message = rule.message.replace("{name}", &name).replace("{text}", cx.text(span));
        let report = cx.report(span, message);
        if let Some(help) = &rule.help {
            report.help(help.clone());
        }
    }
}

fn glob(pattern: &str) -> Option<GlobMatcher> {
    Glob::new(pattern).ok().map(|g| g.compile_matcher())
}

fn any_glob(words: &OneOrMore) -> GlobSet {
    super::globs::globs(words.words().iter().map(String::as_str)).unwrap_or_default()
}

/// The places in a service that a rule is about.
fn in_service(wanted: &KeyMatch, (value, not): &(Option<GlobSet>, Option<GlobSet>), service: &Service) -> Vec<Span> {
    let asked: Vec<_> = service.asked.iter().filter(|a| a.path == wanted.key).collect();
    let there = if wanted.asks() { !asked.is_empty() } else { service.has(&wanted.key) };
    if wanted.missing {
        return if there { Vec::new() } else { vec![service.name.span] };
    }
    if !wanted.asks() {
        return service.keys.iter().filter(|k| k.value == wanted.key).map(|k| k.span).collect();
    }
    // of a value that is not known nothing is said but that it is there
    let fits = |text: Option<&str>| match text {
        Some(text) => value.as_ref().is_none_or(|set| set.is_match(text)) && !not.as_ref().is_some_and(|set| set.is_match(text)),
        None => value.is_none() && not.is_none(),
    };
    asked.into_iter().filter(|a| fits(a.text.as_deref())).map(|a| a.span).collect()
}

type Texts = (Option<Option<GlobMatcher>>, Option<Option<GlobMatcher>>);

fn matches_instruction(wanted: &InstructionMatch, (text, not): &Texts, instruction: &Instruction) -> bool {
    let matches = |g: &Option<GlobMatcher>| g.as_ref().is_some_and(|g| g.is_match(&instruction.rest.value));
    wanted.keyword.any(|k| k.eq_ignore_ascii_case(&instruction.word.value))
        && wanted.flag.as_ref().is_none_or(|f| instruction.flag(f).is_some())
        && wanted.without_flag.as_ref().is_none_or(|f| instruction.flag(f).is_none())
        && text.as_ref().is_none_or(matches)
        && !not.as_ref().is_some_and(matches)
}

fn matches_command(wanted: &CommandMatch, operand: Option<&Option<GlobMatcher>>, command: &Command) -> bool {
    let effective = command.effective();
    let Some(name) = effective.name() else { return false };
    if !wanted.name.any(|n| n == name) {
        return false;
    }
    let args: Vec<_> = effective.args().iter().filter_map(Word::literal).collect();
    let operands = || args.iter().filter(|a| !a.starts_with('-'));
    let has = |option: &str| args.iter().any(|a| a == option || a.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')));
    wanted.subcommand.as_ref().is_none_or(|s| operands().next().is_some_and(|first| s.any(|w| w == first)))
        && wanted.option.as_ref().is_none_or(|o| o.any(has))
        && wanted.without.as_ref().is_none_or(|o| !o.any(has))
        && operand.is_none_or(|g| g.as_ref().is_some_and(|g| operands().any(|o| g.is_match(o.as_ref()))))
}
