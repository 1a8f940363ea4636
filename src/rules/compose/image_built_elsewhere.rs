use crate::compose::{Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::stack::ImageRef;

rule!(ImageBuiltElsewhere, "compose/image-built-elsewhere");

impl Rule for ImageBuiltElsewhere {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let built = project.services.iter().filter(|s| s.build.is_some());
        let built: Vec<_> = built.filter_map(|s| s.image.as_ref().map(|tag| (s, tag, ImageRef::parse(tag)))).collect();
        if built.is_empty() {
            return;
        }
        for service in project.services.iter().filter(|s| s.build.is_none()) {
            let Some(image) = &service.image else { continue };
            let wanted = ImageRef::parse(image);
            let Some((builder, tag, _)) = built.iter().find(|(.., made)| made.same_image(&wanted)) else { continue };
            if waits_for(project, service, builder) {
                continue;
            }
            cx.report(
                image.span,
                format!(
                    "`{}` uses the image that `{}` builds, and nothing makes it wait: on a fresh machine it tries to pull `{}` instead",
                    service.name.value, builder.name.value, image.value
                ),
            )
            .label(tag.span, "built under this name here")
            .help(format!("add `depends_on: [{0}]`, or give both the same `build` section: equal builds happen once", builder.name.value));
        }
    }
}

/// Whether a chain of `depends_on`, `links` or shared namespaces leads from one service to the other.
fn waits_for(project: &Project, service: &Service, target: &Service) -> bool {
    let mut seen: Vec<&str> = Vec::new();
    let mut open = vec![service];
    while let Some(next) = open.pop() {
        if next.name.value == target.name.value {
            return true;
        }
        if seen.contains(&next.name.value.as_str()) {
            continue;
        }
        seen.push(&next.name.value);
        let mode = next.network_mode.as_ref().and_then(|m| m.value.strip_prefix("service:"));
        let names =
            next.depends_on.iter().map(|d| d.service.value.as_str()).chain(next.links.iter().map(|l| l.service.as_str())).chain(mode);
        open.extend(names.filter_map(|n| project.service(n)));
    }
    false
}
