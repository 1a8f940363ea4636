//! Interpolation of a document's values, and the casts that follow it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::keypaths::{KeyPaths, Place};
use super::model::{ProblemKind, VariableUse};
use super::problems::Problems;
use super::tree::{Data, Entry, Node, Scalar, Value};
use super::units;
use crate::source::Span;
use crate::syntax::interpolate::{Fault, interpolate};

/// Variables by name.
pub(super) type Env = BTreeMap<String, String>;

/// The lines of env files that set variables.
pub(super) type Places = BTreeMap<String, Span>;

#[derive(Clone, Copy)]
enum Cast {
    Bool,
    Int,
    Float,
}

/// Places whose strings become something else.
const CASTS: &[(&str, Cast)] = &[
    ("services.*.cpu_count", Cast::Int),
    ("services.*.cpu_percent", Cast::Float),
    ("services.*.cpu_period", Cast::Int),
    ("services.*.cpu_quota", Cast::Int),
    ("services.*.cpu_rt_period", Cast::Int),
    ("services.*.cpu_rt_runtime", Cast::Int),
    ("services.*.cpus", Cast::Float),
    ("services.*.cpu_shares", Cast::Int),
    ("services.*.init", Cast::Bool),
    ("services.*.depends_on.*.required", Cast::Bool),
    ("services.*.depends_on.*.restart", Cast::Bool),
    ("services.*.deploy.replicas", Cast::Int),
    ("services.*.deploy.update_config.parallelism", Cast::Int),
    ("services.*.deploy.update_config.max_failure_ratio", Cast::Float),
    ("services.*.deploy.rollback_config.parallelism", Cast::Int),
    ("services.*.deploy.rollback_config.max_failure_ratio", Cast::Float),
    ("services.*.deploy.restart_policy.max_attempts", Cast::Int),
    ("services.*.deploy.placement.max_replicas_per_node", Cast::Int),
    ("services.*.healthcheck.retries", Cast::Int),
    ("services.*.healthcheck.disable", Cast::Bool),
    ("services.*.oom_kill_disable", Cast::Bool),
    ("services.*.oom_score_adj", Cast::Int),
    ("services.*.pids_limit", Cast::Int),
    ("services.*.ports.[].target", Cast::Int),
    ("services.*.privileged", Cast::Bool),
    ("services.*.read_only", Cast::Bool),
    ("services.*.scale", Cast::Int),
    ("services.*.stdin_open", Cast::Bool),
    ("services.*.tty", Cast::Bool),
    ("services.*.ulimits.*", Cast::Int),
    ("services.*.ulimits.*.hard", Cast::Int),
    ("services.*.ulimits.*.soft", Cast::Int),
    ("services.*.volumes.[].read_only", Cast::Bool),
    ("services.*.volumes.[].volume.nocopy", Cast::Bool),
    ("networks.*.external", Cast::Bool),
    ("networks.*.internal", Cast::Bool),
    ("networks.*.attachable", Cast::Bool),
    ("networks.*.enable_ipv4", Cast::Bool),
    ("networks.*.enable_ipv6", Cast::Bool),
    ("volumes.*.external", Cast::Bool),
    ("secrets.*.external", Cast::Bool),
    ("configs.*.external", Cast::Bool),
];

static CAST_PLACES: LazyLock<KeyPaths<Cast>> = LazyLock::new(|| KeyPaths::new(CASTS));

/// What interpolation needs and leaves behind.
pub(super) struct Substitution<'a> {
    pub(super) env: &'a Env,
    /// Where env files set them.
    pub(super) places: &'a Places,
    /// The environment is the one that the project will run in: an unset variable is a fact.
    pub(super) strict: bool,
    pub(super) problems: &'a mut Problems,
    pub(super) variables: &'a mut Vec<VariableUse>,
}

impl Substitution<'_> {
    pub(super) fn run(&mut self, root: &mut Node) {
        self.node(root, &mut Vec::new(), CAST_PLACES.top());
    }

    fn node<'n>(&mut self, node: &'n mut Node, path: &mut Vec<&'n str>, place: Place<'_, Cast>) {
        match &mut node.value {
            Value::Map(entries) => {
                for Entry { key, value } in entries {
                    path.push(&key.value);
                    self.node(value, path, place.below(&key.value));
                    path.pop();
                }
            }
            Value::Seq(items) => {
                path.push("[]");
                for item in items {
                    self.node(item, path, place.items());
                }
                path.pop();
            }
            Value::Scalar(scalar) if scalar.data == Data::Str => {
                self.scalar(scalar, path, place.holds());
            }
            Value::Scalar(scalar) if place.holds().is_some() => self.date(scalar, path),
            Value::Scalar(_) => {}
        }
    }

    fn scalar(&mut self, scalar: &mut Scalar, path: &[&str], cast: Option<Cast>) {
        let mut faulty = false;
        if scalar.text.value.contains('$') {
            let outcome = interpolate(&scalar.text, &|name| self.env.get(name).cloned());
            let keys: Vec<&str> = path.iter().copied().filter(|key| *key != "[]").collect();
            let place = keys.join(".");
            let places = self.places;
            self.variables.extend(outcome.uses.into_iter().map(|u| VariableUse {
                from: places.get(&u.name).copied(),
                value: self.env.get(&u.name).cloned(),
                name: u.name,
                span: u.span,
                has_default: u.has_default,
                set: u.set,
                path: place.clone(),
            }));
            if let Some(fault) = &outcome.fault {
                faulty = true;
                self.fault(fault);
            }
            scalar.raw = Some(std::mem::replace(&mut scalar.text, outcome.text).value);
            scalar.unset = outcome.unset;
        }
        if let Some(cast) = cast.filter(|_| !faulty) {
            self.cast(scalar, path, cast);
        }
    }

    fn fault(&mut self, fault: &Fault) {
        match fault {
            Fault::Invalid { span } => {
                let problem = self.problems.fatal(ProblemKind::Interpolation, *span, "this `$` starts no variable that Compose can read");
                problem.help = Some("write `$$` for a dollar sign, or `${NAME}` or `${NAME:-default}` for a variable".to_owned());
            }
            Fault::Required { span, name, reason } => {
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                let message = format!("the required variable `{name}` is not set{reason}");
                let strict = self.strict;
                self.problems.fatal(ProblemKind::Interpolation, *span, &message).fatal = strict;
            }
        }
    }

    /// A date where a number or a truth value is meant.
    fn date(&mut self, scalar: &Scalar, path: &[&str]) {
        if matches!(scalar.data, Data::Date(_)) {
            let message = format!("YAML reads a date here, and `{}` takes none", path.last().copied().unwrap_or_default());
            self.problems.fatal(ProblemKind::Schema, scalar.text.span, &message);
        }
    }

    fn cast(&mut self, scalar: &mut Scalar, path: &[&str], cast: Cast) {
        let text = scalar.text.value.as_str();
        let made = match cast {
            Cast::Bool => boolean(text).map(Data::Bool),
            Cast::Int => text.parse().ok().map(Data::Int),
            Cast::Float => units::float(text).map(Data::Float),
        };
        let wanted = match cast {
            Cast::Bool => "true or false",
            Cast::Int => "a whole number",
            Cast::Float => "a number",
        };
        match made {
            Some(data) => scalar.data = data,
            None if scalar.unset && !self.strict => {}
            None => {
                let shown = if text.is_empty() { "an empty value".to_owned() } else { format!("`{text}`") };
                let message = format!("`{}` takes {wanted}, not {shown}", path.last().copied().unwrap_or_default());
                let kind = if scalar.raw.is_some() { ProblemKind::Interpolation } else { ProblemKind::Schema };
                self.problems.fatal(kind, scalar.text.span, &message);
            }
        }
    }
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}
