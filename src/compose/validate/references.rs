//! Names that are defined elsewhere in the project.

use super::context::Validate;
use crate::compose::model::ProblemKind;
use crate::compose::normalize::implied;
use crate::compose::problems::closest;
use crate::compose::tree::{Data, Entry, Node};
use crate::source::Span;

impl Validate<'_> {
    pub(super) fn references(&mut self, entry: &Entry) {
        let node = &entry.value;
        for used in node.entries_at("networks").chain(node.entries_at("models")).filter(|n| n.key.value.starts_with("x-")) {
            let name = &used.key.value;
            let message = format!("`{name}` cannot be used in a service: Compose takes it for an extension there");
            self.invalid(used.key.span, message).help = Some("give it a name that does not start with `x-`".to_owned());
        }
        for network in node.entries_at("networks").filter(|n| n.key.value != "default") {
            self.defined("networks", "network", &network.key.value, network.key.span);
        }
        for volume in node.items_at("volumes").filter(|v| v.get("type").and_then(Node::as_str) == Some("volume")) {
            if let Some(source) = volume.get("source").filter(|s| !self.open(s)).and_then(Node::as_text).filter(|s| !s.value.is_empty()) {
                self.defined("volumes", "volume", &source.value, source.span);
            }
        }
        for (path, kind, word) in [
            (&["secrets"][..], "secrets", "secret"),
            (&["configs"], "configs", "config"),
            (&["build", "secrets"], "secrets", "build secret"),
        ] {
            for item in node.at(path).map_or(&[][..], Node::items) {
                match item.get("source") {
                    None if item.is_map() => {
                        self.add(ProblemKind::UndefinedReference, item.span, format!("this {word} names no `source`")).help =
                            Some(format!("add `source:` with a name from the top-level `{kind}:`"));
                    }
                    source => {
                        if let Some(source) = source.filter(|s| !self.open(s)).and_then(Node::as_text) {
                            self.defined(kind, word, &source.value, source.span);
                        }
                    }
                }
            }
        }
        for model in node.entries_at("models") {
            self.defined("models", "model", &model.key.value, model.key.span);
        }
        self.services_referred(entry);
    }

    fn services_referred(&mut self, entry: &Entry) {
        let node = &entry.value;
        for dependency in node.entries_at("depends_on") {
            let optional = dependency.value.get("required").is_some_and(|r| r.as_scalar().is_some_and(|s| s.data == Data::Bool(false)));
            self.running(&entry.key.value, &dependency.key.value, dependency.key.span, optional);
        }
        for (name, _, span) in implied(node) {
            if node.entries_at("depends_on").all(|d| d.key.value != name) {
                self.running(&entry.key.value, &name, span, false);
            }
        }
        for context in node.at(&["build", "additional_contexts"]).map_or(&[][..], Node::entries) {
            let Some(name) = context.value.as_str().and_then(|v| v.strip_prefix("service:")) else { continue };
            let target = self.model.at(&["services", name]).filter(|_| self.active.contains(&name));
            match target {
                None => self.unknown_service(
                    name,
                    context.value.span,
                    format!("the build context `{}` is to come from `{name}`", context.key.value),
                ),
                Some(target) if target.get("build").is_none_or(Node::is_null) => {
                    let message = format!("the build context `{}` is to come from `{name}`, which builds nothing", context.key.value);
                    self.add(ProblemKind::UndefinedReference, context.value.span, message);
                }
                Some(_) => {}
            }
        }
    }

    fn running(&mut self, from: &str, name: &str, span: Span, optional: bool) {
        let exists = self.model.at(&["services", name]).is_some();
        if self.active.contains(&name) || (exists && optional) {
            return;
        }
        if exists {
            let message = format!("`{from}` needs `{name}`, whose profile is not active");
            self.add(ProblemKind::UndefinedReference, span, message);
            return;
        }
        self.unknown_service(name, span, format!("`{from}` needs `{name}`"));
    }

    fn unknown_service(&mut self, name: &str, span: Span, what: String) {
        let names = self.model.entries_at("services").map(|e| e.key.value.as_str());
        let help = closest(name, names).map(|n| format!("did you mean `{n}`?"));
        if self.loose && help.is_none() {
            return;
        }
        self.add(ProblemKind::UndefinedReference, span, format!("{what}, which is no service of this project")).help = help;
    }

    fn defined(&mut self, kind: &str, word: &str, name: &str, span: Span) {
        let mut known = self.model.entries_at(kind).peekable();
        if (self.loose && known.peek().is_none()) || known.any(|e| e.key.value == name) {
            return;
        }
        let near = closest(name, self.model.entries_at(kind).map(|e| e.key.value.as_str()));
        let help = near.map_or_else(|| format!("define `{name}` under the top-level `{kind}:`"), |n| format!("did you mean `{n}`?"));
        let message = format!("the {word} `{name}` is defined nowhere");
        self.add(ProblemKind::UndefinedReference, span, message).help = Some(help);
    }
}
