use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::users::{compose_sets_user, drops_root, is_root, scripts_drop_root};
use crate::stack::{Base, DockerfileUnit};

rule!(RunsAsRoot, "privileges/runs-as-root");

impl Rule for RunsAsRoot {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let finals = unit.final_stages(cx.stack);
        for stage in &unit.stages {
            let ends_here = finals.contains(&stage.index);
            if ends_here && compose_sets_user(cx.stack, unit, stage.index) {
                continue;
            }
            match stage.users.last() {
                Some((item, user)) => {
                    let value = unit.expand_at(stage.index, *item, user).unwrap_or_default();
                    if !is_root(&value) {
                        continue;
                    }
                    let aliases: &[&'static str] =
                        if ends_here { &["DL3002", "CKV_DOCKER_8", "DS-0002", "kics:last_user_is_root"] } else { &["DL3002"] };
                    let what = if ends_here { "containers of this image run" } else { "what starts from this stage runs" };
                    cx.report(user.span, format!("{what} as root: a hole in the program gives away all of the container"))
                        .help("switch to a user of its own after the last step that needs root")
                        .aliases(aliases);
                }
                None if ends_here => without_user(unit, stage.index, cx),
                None => {}
            }
        }
    }

    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            let Some(user) = service.user.as_ref().filter(|u| is_root(u)) else { continue };
            cx.report(user.span, format!("`{}` runs as root: a hole in the program gives away all of the container", service.name.value))
                .help("leave `user` out, or name one that owns what the program writes")
                .aliases(&[]);
        }
    }
}

fn without_user(unit: &DockerfileUnit, stage: usize, cx: &mut Cx<'_>) {
    let chain = unit.chain(stage);
    if chain.iter().any(|&n| unit.stages.get(n).is_some_and(|s| !s.users.is_empty())) {
        return inherited_root(unit, stage, &chain, cx);
    }
    let Some(root) = chain.last().and_then(|&n| unit.stages.get(n)) else { return };
    let keeps_root = match &root.base {
        Base::Image(image) => !drops_root(image) && !unit.on_windows(stage),
        Base::Scratch => true,
        _ => false,
    };
    let Some(last) = unit.stages.get(stage).filter(|_| keeps_root && !scripts_drop_root(unit, cx.stack)) else { return };
    let aliases: &[&'static str] = match root.base {
        Base::Scratch => &["CKV_DOCKER_3", "DS-0002"],
        _ => &["CKV_DOCKER_3", "DS-0002", "kics:missing_user_instruction"],
    };
    cx.report(
        last.image.span,
        "no USER is set, so containers of this image run as root: a hole in the program gives away all of the container",
    )
    .help("create a user and switch to it after the last step that needs root: `USER 1000`")
    .aliases(aliases);
}

/// The user comes from a stage above: it is reported there, unless nothing else is.
fn inherited_root(unit: &DockerfileUnit, stage: usize, chain: &[usize], cx: &mut Cx<'_>) {
    let set = chain.iter().find_map(|&n| unit.stages.get(n)?.users.last().map(|(item, user)| (n, *item, user)));
    let Some((n, item, user)) = set else { return };
    let root = unit.expand_at(n, item, user).is_some_and(|v| is_root(&v));
    if let Some(last) = unit.stages.get(stage).filter(|_| root) {
        cx.report(last.image.span, "containers of this image run as root, as the stage that it starts from ends with that user")
            .label(user.span, "set here")
            .help("switch to a user of its own after the last step that needs root")
            .aliases(&["DS-0002"]);
    }
}
