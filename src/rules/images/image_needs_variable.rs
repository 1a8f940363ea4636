use super::untagged_image::moves_as_written;
use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(ImageNeedsVariable, "images/image-needs-variable");

impl Rule for ImageNeedsVariable {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            let Some(image) = &service.image else { continue };
            let mut open = project.variables.iter().filter(|v| image.span.contains(v.span) && !v.set && !v.has_default);
            let Some(variable) = open.next() else { continue };
            let torn = image.starts_with(['/', ':', '@']) || image.ends_with(['/', ':', '@']) || image.contains("//");
            if !image.is_empty() && !torn {
                continue;
            }
            let name = &service.name.value;
            let message = match image.value.as_str() {
                "" if service.build.is_some() => continue,
                "" => format!("where `{}` is not set, the whole project is refused: `{name}` has no image", variable.name),
                rest => format!("where `{}` is not set, `{name}` does not start: no image is called `{rest}`", variable.name),
            };
            let aliases: &[&str] = if moves_as_written(cx.text(image.span)) { &["service-image-require-explicit-tag"] } else { &[] };
            cx.report(image.span, message)
                .help(format!("say what holds without it: `${{{0}:-value}}`, or `${{{0}:?message}}`", variable.name))
                .aliases(aliases);
        }
    }
}
