use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(BuiltImageMayBePulled, "compose/built-image-may-be-pulled");

impl Rule for BuiltImageMayBePulled {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in project.services.iter().filter(|s| s.build.is_some() && !s.has("pull_policy")) {
            let (Some(image), Some(key)) = (&service.image, service.keys.iter().find(|k| k.value == "build")) else { continue };
            let shown = Some(cx.text(image.span).trim_matches(['"', '\''])).filter(|t| t.contains('$')).unwrap_or(&image.value);
            cx.report(
                key.span,
                format!("where `{}` is not there yet, `docker compose up` asks a registry for it and builds only if there is none", shown),
            )
            .label(image.span, "the name that is pulled")
            .help("add `pull_policy: build` (or `always`, `missing`, where the registry's image is meant)");
        }
    }
}
