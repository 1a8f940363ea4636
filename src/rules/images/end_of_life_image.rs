use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::build_args::BaseImages;
use crate::rules::support::eol::{self, Ended};
use crate::source::Span;
use crate::stack::{DockerfileUnit, ImageRef};
use crate::text::Text;

rule!(EndOfLifeImage, "images/end-of-life-image");

impl Rule for EndOfLifeImage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let images = BaseImages::of(unit, cx);
        for stage in &unit.stages {
            for image in images.of_stage(stage.index) {
                if judge(image, || tag_span(&stage.image, image), cx) {
                    break;
                }
            }
            for outside in stage.outside.iter().filter(|o| !o.value.contains('$')) {
                let image = ImageRef::parse(&outside.value);
                judge(&image, || outside.span, cx);
            }
        }
    }

    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in project.services.iter().filter(|s| s.build.is_none()) {
            let Some(text) = &service.image else { continue };
            let image = ImageRef::parse(text);
            judge(&image, || tag_span(text, &image), cx);
        }
    }
}

fn judge(image: &ImageRef, span: impl Fn() -> Span, cx: &mut Cx<'_>) -> bool {
    let ended = eol::ended(image);
    let message = match ended.as_slice() {
        [] => return false,
        [one] if one.retired && image.official() == Some(one.what.as_str()) => {
            format!("`{}` is no longer published: no tag of it gets security fixes since {}", one.what, one.since)
        }
        [one] if one.retired => format!("`{}` stands on `{}`, which gets no security fixes since {}", image.text, one.what, one.since),
        [first, rest @ ..] => {
            let mut text = format!("`{}` gets no more security fixes: support for {} ended on {}", image.text, first.what, first.since);
            for other in rest {
                text.push_str(&format!(", for {} on {}", other.what, other.since));
            }
            text
        }
    };
    cx.report(span(), message).help(help(&ended));
    true
}

fn help(ended: &[Ended]) -> String {
    let own = ended.iter().find(|e| e.own).map(|e| &e.replacement);
    let below = ended.iter().find(|e| !e.own).map(|e| &e.replacement);
    match (own, below) {
        (Some(own), Some(below)) => format!("move to `{own}`, or to a newer variant that stands on `{below}`"),
        (Some(own), None) => format!("move to `{own}` or newer"),
        (None, Some(below)) => format!("take the variant that stands on `{below}` or newer"),
        (None, None) => String::new(),
    }
}

/// The tag where the text holds it as it is, else the whole text.
fn tag_span(text: &Text, image: &ImageRef) -> Span {
    let Some(tag) = &image.tag else { return text.span };
    let mut colons = text.bytes().enumerate().rev().filter(|(_, byte)| *byte == b':').map(|(at, _)| at);
    match colons.find(|at| text.get(at + 1..).is_some_and(|rest| rest.starts_with(tag.as_str()))) {
        Some(at) => text.span_of(at + 1, at + 1 + tag.len()),
        None => text.span,
    }
}
