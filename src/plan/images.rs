//! From builds to images: equal builds are one image, and images wait for those that they are made from.

use std::collections::BTreeMap;

use super::input::{Build, Input};
use super::stages::{Seen, Walk};
use super::{Image, Plan, Problem, graph};
use crate::stack::ImageRef;

/// Makes the plan of a project, or says why there is none.
pub fn plan(input: &Input<'_>) -> Result<Plan, Vec<Problem>> {
    let mut plan = Plan::default();
    let mut seen = Seen::default();
    let mut problems = Vec::new();
    for build in &input.builds {
        match image(input, build, &mut plan, &mut seen) {
            Ok(image) => merge(&mut plan.images, image),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    join_users(&mut plan, input);
    join_images(&mut plan, &seen);
    if let Some(cycle) = graph::cycle(&plan.images) {
        let names: Vec<&str> = cycle.iter().filter_map(|&n| plan.images.get(n)).map(|image| image.name.as_str()).collect();
        let problem = Problem::new(format!("these images are made from each other, so none can be built first: {}", names.join(" → ")));
        return Err(vec![problem.help("break the circle: one of them must be FROM an image that is not built here")]);
    }
    plan.outside = outside(&plan, &seen);
    plan.never_built = never_built(&plan, input);
    plan.waves = graph::waves(&plan.steps);
    plan.critical_path = graph::longest(&plan.steps, |_| 1);
    Ok(plan)
}

fn image(input: &Input<'_>, build: &Build, plan: &mut Plan, seen: &mut Seen) -> Result<Image, Problem> {
    let Some(unit) = input.dockerfiles.get(build.unit) else {
        return Err(Problem::new(format!("{}: its Dockerfile was not read", build.name)));
    };
    let stage = target(build, unit)?;
    let Some(mut walk) = Walk::new(input, build, plan, seen) else {
        return Err(Problem::new(format!("{}: its Dockerfile was not read", build.name)));
    };
    let (stage, stages) = walk.run(stage)?;
    Ok(Image {
        name: build.name.clone(),
        services: if build.service { vec![build.name.clone()] } else { Vec::new() },
        tags: build.tags.clone(),
        unit: build.unit,
        dockerfile: unit.path.to_owned(),
        context: build.context.clone(),
        target: build.target.clone(),
        stage,
        platforms: build.platforms.clone(),
        args: build.args.clone(),
        needs: Vec::new(),
        stages,
        settings: build.settings.clone(),
    })
}

/// The stage that a build asks for: by name, whatever its case, or by number; the last one where it asks for none.
fn target(build: &Build, unit: &super::input::Unit<'_>) -> Result<usize, Problem> {
    let stages = &unit.ast.stages;
    let Some(last) = stages.len().checked_sub(1) else {
        return Err(Problem::new(format!("{}: there is no FROM, so there is nothing to build", unit.path)));
    };
    let Some(target) = build.target.as_deref().filter(|target| !target.is_empty()) else { return Ok(last) };
    let names: Vec<&str> = stages.iter().filter_map(|stage| stage.name.as_ref()).map(|name| name.value.as_str()).collect();
    let lower = target.to_lowercase();
    if let Some(n) = stages.iter().rposition(|stage| stage.name.as_ref().is_some_and(|name| name.value == lower)) {
        return Ok(n);
    }
    if let Some(n) = target.parse().ok().filter(|&n: &usize| n <= last) {
        return Ok(n);
    }
    let message = format!("`{}` asks for stage `{target}`, which {} does not have", build.name, unit.path);
    let help = match super::input::closest(&lower, &names) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "no stage there has a name".to_owned(),
        None => format!("its stages are: {}", names.join(", ")),
    };
    let span = build.target_span.or(build.span);
    Err(Problem { span, message, help: Some(help) })
}

/// Adds an image, or its services and tags to the equal one that is there.
fn merge(images: &mut Vec<Image>, image: Image) {
    let equal = images.iter_mut().find(|other| {
        (other.unit, &other.context, other.stage, &other.stages) == (image.unit, &image.context, image.stage, &image.stages)
            && (&other.platforms, &other.settings) == (&image.platforms, &image.settings)
    });
    match equal {
        Some(equal) => {
            equal.services.extend(image.services);
            let new: Vec<String> = image.tags.into_iter().filter(|tag| !equal.tags.contains(tag)).collect();
            equal.tags.extend(new);
        }
        None => images.push(image),
    }
}

/// Gives the services that only name an image to the image of that name.
fn join_users(plan: &mut Plan, input: &Input<'_>) {
    for (service, image) in &input.users {
        match by_tag(&plan.images, image).and_then(|n| plan.images.get_mut(n)) {
            Some(built) => built.services.push(service.clone()),
            None => plan.prebuilt.push((service.clone(), image.clone())),
        }
    }
    let place = |service: &String| input.services.iter().position(|s| s == service).unwrap_or(usize::MAX);
    for image in &mut plan.images {
        image.services.sort_by_key(place);
    }
}

/// The image that a reference or `service:x` means, if it is built here.
pub(super) fn by_tag(images: &[Image], reference: &str) -> Option<usize> {
    images.iter().position(|image| {
        let services = image.services.iter().chain([&image.name]);
        services.into_iter().any(|service| is_called(reference, service, &image.tags))
    })
}

/// Whether a reference, or `service:x`, means the image of this service and these tags.
pub(super) fn is_called(reference: &str, service: &str, tags: &[String]) -> bool {
    match reference.strip_prefix("service:").or_else(|| reference.strip_prefix("target:")) {
        Some(wanted) => wanted == service,
        None => {
            let wanted = ImageRef::parse(reference);
            tags.iter().any(|tag| ImageRef::parse(tag).same_image(&wanted))
        }
    }
}

/// What an image's name means: its digest, where it has one, or else the name with all that may be left out.
pub(super) fn identity(reference: &str) -> String {
    let image = ImageRef::parse(reference);
    match &image.digest {
        Some(digest) => digest.clone(),
        None if reference.contains("://") => reference.to_owned(),
        None => image.full_name(),
    }
}

/// Lets images, and the steps in them, wait for the images of this plan that they are made from.
fn join_images(plan: &mut Plan, seen: &Seen) {
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); plan.images.len()];
    let mut step_needs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (n, image) in plan.images.iter().enumerate() {
        let named = image.settings.contexts.values().filter(|value| value.starts_with("service:") || value.starts_with("target:"));
        let mut wanted: Vec<(usize, Vec<usize>)> = named.filter_map(|value| Some((by_tag(&plan.images, value)?, Vec::new()))).collect();
        for outside in image.stages.iter().filter_map(|stage| seen.outside.get(stage)).flatten() {
            wanted.extend(by_tag(&plan.images, &outside.image).map(|other| (other, outside.steps.clone())));
        }
        for (other, steps) in wanted.into_iter().filter(|(other, _)| *other != n) {
            if let Some(needs) = needs.get_mut(n).filter(|needs| !needs.contains(&other)) {
                needs.push(other);
            }
            let heads = plan.images.get(other).and_then(|image| plan.stages.get(image.stage)).map_or(&[][..], |stage| &stage.heads);
            for step in steps {
                step_needs.entry(step).or_default().extend(heads);
            }
        }
    }
    for (image, mut needs) in plan.images.iter_mut().zip(needs) {
        needs.sort_unstable();
        image.needs = needs;
    }
    for (step, heads) in step_needs {
        let Some(step) = plan.steps.get_mut(step) else { continue };
        step.needs.extend(heads);
        step.needs.sort_unstable();
        step.needs.dedup();
    }
}

/// What the images are made from and this plan does not build.
fn outside(plan: &Plan, seen: &Seen) -> Vec<String> {
    let named = plan.images.iter().flat_map(|image| image.settings.contexts.values());
    let services = named.filter(|value| value.starts_with("service:") || value.starts_with("target:"));
    let images = seen.outside.values().flatten().map(|outside| &outside.image);
    let mut outside: Vec<String> = images.chain(services).filter(|image| by_tag(&plan.images, image).is_none()).cloned().collect();
    outside.sort_unstable();
    outside.dedup();
    outside
}

fn never_built(plan: &Plan, input: &Input<'_>) -> Vec<(String, String)> {
    let mut unused = Vec::new();
    for (place, unit) in input.dockerfiles.iter().enumerate() {
        if !plan.images.iter().any(|image| image.unit == place) {
            continue;
        }
        for (index, stage) in unit.ast.stages.iter().enumerate() {
            if !plan.stages.iter().any(|built| built.unit == place && built.index == index) {
                let name = stage.name.as_ref().map_or_else(|| index.to_string(), |name| name.value.clone());
                unused.push((unit.path.to_owned(), name));
            }
        }
    }
    unused
}
