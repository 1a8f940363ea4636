use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};
use crate::stack::{Base, DockerfileUnit, ImageRef};
use crate::text::Text;

rule!(UntaggedImage, "images/untagged-image");

/// Tags that stand for whatever is newest of a kind.
const MOVING: [&str; 11] = ["latest", "stable", "edge", "test", "nightly", "dev", "beta", "canary", "lts", "unstable", "preview"];

impl Rule for UntaggedImage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for stage in &unit.stages {
            let Base::Image(image) = &stage.base else { continue };
            if image.digest.is_some() {
                continue;
            }
            let held_in_arg = stage.image.starts_with('$');
            match image.tag.as_deref() {
                None => {
                    let mut aliases = vec!["CKV_DOCKER_7", "DS-0001", "kics:image_version_not_explicit"];
                    if !held_in_arg {
                        aliases.insert(0, "DL3006");
                    }
                    report(&stage.image, image, "no tag", cx, &aliases);
                }
                Some("latest") => {
                    let mut aliases = vec!["CKV_DOCKER_7", "DS-0001", "kics:image_version_using_latest"];
                    if stage.image.ends_with(":latest") {
                        aliases.insert(0, "DL3007");
                    }
                    report(&stage.image, image, "`latest`", cx, &aliases);
                }
                Some(_) => {}
            }
        }
    }

    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in project.services.iter().filter(|s| s.build.is_none()) {
            let Some(text) = &service.image else { continue };
            let image = ImageRef::parse(text);
            if text.is_empty() || image.digest.is_some() {
                continue;
            }
            let aliases: &[&str] = if moves_as_written(cx.text(text.span)) { &["service-image-require-explicit-tag"] } else { &[] };
            match image.tag.as_deref() {
                None => report(text, &image, "no tag", cx, aliases),
                Some(tag) if MOVING.contains(&tag) => report(text, &image, &format!("`{tag}`"), cx, aliases),
                Some(_) => {}
            }
        }
    }
}

/// Whether an image's text, its variables not filled in, names no version.
pub(crate) fn moves_as_written(text: &str) -> bool {
    let last = text.trim_matches(['"', '\'']).rsplit('/').next().unwrap_or_default();
    last.split(':').nth(1).is_none_or(|tag| MOVING.get(..9).is_some_and(|known| known.contains(&tag)))
}

fn report(text: &Text, image: &ImageRef, how: &str, cx: &mut Cx<'_>, aliases: &[&'static str]) {
    cx.report(text.span, format!("`{}` is whatever was newest when it was pulled: it has {how}", image.text))
        .help("name the version that you tested, as a tag or a digest")
        .aliases(aliases);
}
