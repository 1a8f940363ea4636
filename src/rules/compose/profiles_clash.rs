use std::collections::BTreeMap;

use crate::compose::{Port, Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::services::{same_address, together};
use crate::text::Text;

rule!(ProfilesClash, "compose/profiles-clash");

impl Rule for ProfilesClash {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        names(project, cx);
        ports(project, cx);
    }
}

fn names(project: &Project, cx: &mut Cx<'_>) {
    let mut taken: BTreeMap<&str, (&Service, &Text)> = BTreeMap::new();
    for service in &project.services {
        let Some(name) = service.container_name.as_ref().filter(|n| !n.is_empty()) else { continue };
        let Some((other, earlier)) = taken.get(name.value.as_str()).copied() else {
            taken.insert(&name.value, (service, name));
            continue;
        };
        if together(other, service) || earlier.span == name.span {
            continue;
        }
        cx.report(name.span, format!("{}: both are named `{}`", not_both(other, service), name.value))
            .label(earlier.span, "named so here")
            .help("give each a name of its own")
            .aliases(&["no-duplicate-container-names"]);
    }
}

fn ports(project: &Project, cx: &mut Cx<'_>) {
    let mut taken: BTreeMap<(&str, &str), Vec<(&Service, &Port)>> = BTreeMap::new();
    for service in &project.services {
        for port in &service.ports {
            let Some(published) = port.published.as_deref().filter(|t| t.bytes().all(|c| c.is_ascii_digit())) else { continue };
            let others = taken.entry((published, &port.protocol)).or_default();
            let first = others.iter().find(|(other, p)| !together(other, service) && same_address(p, port) && p.span != port.span);
            if let Some((other, earlier)) = first {
                let aliases: &[&str] = if cx.text(port.span).contains('$') { &[] } else { &["no-duplicate-exported-ports"] };
                cx.report(port.span, format!("{}: both take port {published} of the host", not_both(other, service)))
                    .label(earlier.span, "taken here")
                    .help("publish one of them on another port")
                    .aliases(aliases);
            }
            others.push((service, port));
        }
    }
}

fn not_both(a: &Service, b: &Service) -> String {
    let first = |s: &Service| s.profiles.first().map_or_else(String::new, |p| p.value.clone());
    format!("with the profiles `{}` and `{}` at once, `{}` or `{}` does not start", first(a), first(b), a.name.value, b.name.value)
}
