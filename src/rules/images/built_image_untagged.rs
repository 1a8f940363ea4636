use super::untagged_image::moves_as_written;
use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};
use crate::stack::ImageRef;

rule!(BuiltImageUntagged, "images/built-image-untagged");

impl Rule for BuiltImageUntagged {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in project.services.iter().filter(|s| s.build.is_some()) {
            let Some(text) = service.image.as_ref().filter(|t| !t.is_empty()) else { continue };
            let image = ImageRef::parse(text);
            let moves = image.digest.is_none() && image.tag.as_deref().is_none_or(|t| t == "latest");
            if !moves || !moves_as_written(cx.text(text.span)) {
                continue;
            }
            cx.report(
                text.span,
                format!(
                    "every build of `{}` takes `{}:latest` from the one before: there is no going back to it",
                    service.name.value, image.name
                ),
            )
            .help("name a version in the tag, such as `:${VERSION:-dev}`");
        }
    }
}
