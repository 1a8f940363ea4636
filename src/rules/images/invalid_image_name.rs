use crate::rule::{Cx, Rule, rule};
use crate::rules::support::image_name::is_reference;
use crate::rules::support::instructions::on_first_line;
use crate::rules::support::syntax_errors::template;
use crate::rules::support::variables::expand_with_defaults;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(InvalidImageName, "images/invalid-image-name");

impl Rule for InvalidImageName {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        if template(unit, cx.stack).is_some() {
            return;
        }
        for (item, instruction) in unit.ast.instructions() {
            let Op::From(from) = &instruction.op else { continue };
            if from.image.contains('$') || instruction.error.is_some() {
                continue;
            }
            let Some(name) = expand_with_defaults(unit, &from.image) else { continue };
            if is_reference(&name) {
                continue;
            }
            let place = on_first_line(cx, instruction, from.image.span);
            let lower = name.to_lowercase();
            let earlier = unit.ast.stages.iter().filter(|s| s.from < item).filter_map(|s| s.name.as_ref()).find(|n| n.value == lower);
            let help = match earlier {
                Some(_) => format!("the stage is known as `{lower}`: write `FROM {lower}`"),
                None if is_reference(&lower) => format!("names of images are lower case: `{lower}`"),
                None if name.ends_with(':') => "add the tag, or drop the colon".to_owned(),
                None => "write `[registry/]name[:tag][@digest]`".to_owned(),
            };
            let report = cx.report(place, format!("`{name}` is no name of an image, so the build stops here")).help(help);
            if let Some(stage) = earlier {
                report.label(stage.span, "stage names count in lower case");
            }
        }
    }
}
