//! From images to builds. A stage that several images share is built once, before them, and stands in their
//! Dockerfiles as an image from then on.

use std::collections::BTreeSet;

use crate::plan::{Image, Plan, Stage};

/// One build: an image, or a stage that several images share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// What it is called in the output.
    pub title: String,
    /// Place of the image; of the first of those that share the stage.
    pub image: usize,
    /// Only a stage of it: no tags, no labels.
    pub shared: bool,
    /// Place of the stage that is built.
    pub stage: usize,
    /// Stages that are built in it, by their numbers in the Dockerfile.
    pub keep: Vec<usize>,
    /// Stages that other nodes have built: number in the Dockerfile and node.
    pub built: Vec<(usize, usize)>,
    /// Nodes that must be done before.
    pub needs: Vec<usize>,
    /// How many steps it executes, at most.
    pub weight: usize,
}

/// The builds of a plan. Nodes stand after the nodes they need, except where an image needs a later one.
/// A builder that `merges` equal steps itself is given the images as they are.
pub(super) fn nodes(plan: &Plan, merges: bool) -> Vec<Node> {
    let shared = if merges { Vec::new() } else { shared_stages(plan) };
    let mut nodes: Vec<Node> = Vec::new();
    for &stage in &shared {
        let Some(image) = plan.images.iter().position(|image| image.stages.contains(&stage)) else { continue };
        let title = plan.stages.get(stage).map_or_else(String::new, |stage| match &stage.name {
            Some(name) => format!("{name} ({})", stage.file),
            None => stage.id.clone(),
        });
        let node = node(plan, &shared, title, image, stage, true);
        nodes.push(node);
    }
    for (n, image) in plan.images.iter().enumerate() {
        let title = image.tags.first().unwrap_or(&image.name).clone();
        nodes.push(node(plan, &shared, title, n, image.stage, false));
    }
    let offset = shared.len();
    wait_for_images(plan, &mut nodes, offset);
    if !merges {
        wait_for_equal_steps(plan, &mut nodes, offset);
    }
    nodes
}

fn node(plan: &Plan, shared: &[usize], title: String, image: usize, target: usize, is_shared: bool) -> Node {
    let mut keep = Vec::new();
    let mut built = Vec::new();
    let mut weight = 0;
    let mut open = vec![target];
    let mut seen = BTreeSet::new();
    while let Some(place) = open.pop() {
        let Some(stage) = plan.stages.get(place).filter(|_| seen.insert(place)) else { continue };
        match shared.iter().position(|&s| s == place).filter(|_| place != target || !is_shared) {
            Some(node) => built.push((stage.index, node)),
            None => {
                keep.push(stage.index);
                weight += stage.steps.len();
                open.extend(&stage.needs);
            }
        }
    }
    keep.sort_unstable();
    built.sort_unstable();
    let needs = built.iter().map(|&(_, node)| node).collect();
    Node { title, image, shared: is_shared, stage: target, keep, built, needs, weight }
}

/// Stages with work in them that several images need, and at which these images part; in the order of the plan.
fn shared_stages(plan: &Plan) -> Vec<usize> {
    let users: Vec<Vec<usize>> = (0..plan.stages.len()).map(|stage| users(plan, stage)).collect();
    let of = |stage: usize| users.get(stage).map_or(&[][..], Vec::as_slice);
    let parts = |place: usize| {
        let is_target = plan.images.iter().any(|image| image.stage == place);
        is_target || plan.stages.iter().enumerate().any(|(n, stage)| stage.needs.contains(&place) && of(n) != of(place))
    };
    let worth = |stage: &Stage, place: usize| of(place).len() > 1 && works(plan, stage) && parts(place) && alike(plan, of(place));
    plan.stages.iter().enumerate().filter(|(place, stage)| worth(stage, *place)).map(|(place, _)| place).collect()
}

fn users(plan: &Plan, stage: usize) -> Vec<usize> {
    plan.images.iter().enumerate().filter(|(_, image)| image.stages.contains(&stage)).map(|(n, _)| n).collect()
}

fn works(plan: &Plan, stage: &Stage) -> bool {
    let mut open = vec![stage];
    for _ in 0..=plan.stages.len() {
        let Some(stage) = open.pop() else { return false };
        if !stage.steps.is_empty() {
            return true;
        }
        open.extend(stage.needs.iter().filter_map(|&need| plan.stages.get(need)));
    }
    false
}

/// Whether the builder is told the same for all these images, so that one of them can build for all.
fn alike(plan: &Plan, images: &[usize]) -> bool {
    let told = |image: &Image| {
        let mut settings = image.settings.clone();
        settings.labels.clear();
        (settings, image.context.clone(), image.platforms.clone(), image.needs.clone())
    };
    let mut all = images.iter().filter_map(|&n| plan.images.get(n)).map(told);
    let first = all.next();
    all.all(|other| Some(other) == first)
}

fn wait_for_images(plan: &Plan, nodes: &mut [Node], offset: usize) {
    for node in nodes.iter_mut() {
        let needs = plan.images.get(node.image).map_or(&[][..], |image| &image.needs);
        for need in needs.iter().map(|need| need + offset) {
            if !node.needs.contains(&need) {
                node.needs.push(need);
            }
        }
        node.needs.sort_unstable();
    }
}

/// The engine's cache knows a step only once it is done: of two builds with an equal step the later one waits.
fn wait_for_equal_steps(plan: &Plan, nodes: &mut [Node], offset: usize) {
    let steps: Vec<BTreeSet<usize>> = nodes.iter().map(|node| own_steps(plan, node)).collect();
    for later in offset..nodes.len() {
        for earlier in offset..later {
            let common = match (steps.get(earlier), steps.get(later)) {
                (Some(a), Some(b)) => !a.is_disjoint(b),
                _ => false,
            };
            if !common || reaches(nodes, earlier, later) {
                continue;
            }
            if let Some(node) = nodes.get_mut(later).filter(|node| !node.needs.contains(&earlier)) {
                node.needs.push(earlier);
            }
        }
    }
}

fn own_steps(plan: &Plan, node: &Node) -> BTreeSet<usize> {
    let unit = plan.stages.get(node.stage).map_or(0, |stage| stage.unit);
    let image = plan.images.get(node.image);
    let stages = image.into_iter().flat_map(|image| &image.stages).filter_map(|&place| plan.stages.get(place));
    stages.filter(|stage| stage.unit == unit && node.keep.contains(&stage.index)).flat_map(|stage| stage.steps.iter().copied()).collect()
}

/// Whether `from` waits for `to`, directly or not.
fn reaches(nodes: &[Node], from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(n) = open.pop() {
        if n == to {
            return true;
        }
        if seen.insert(n) {
            open.extend(nodes.get(n).into_iter().flat_map(|node| &node.needs));
        }
    }
    false
}

/// For each node, the steps on the longest way from its start to the end of the run.
pub(super) fn remaining(nodes: &[Node]) -> Vec<usize> {
    let mut remaining: Vec<usize> = nodes.iter().map(|node| node.weight + 1).collect();
    for _ in 0..nodes.len() {
        let mut changed = false;
        for node in nodes.iter().enumerate() {
            let own = remaining.get(node.0).copied().unwrap_or(0);
            for &need in &node.1.needs {
                let weight = nodes.get(need).map_or(0, |n| n.weight + 1);
                if let Some(slot) = remaining.get_mut(need).filter(|slot| **slot < own + weight) {
                    *slot = own + weight;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    remaining
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;
    use crate::plan::load::{Request, load};
    use crate::plan::plan;
    use crate::source::Sources;

    /// Each node as `title: nodes it needs`.
    fn order(dockerfile: &str, services: &[(&str, &str)]) -> Vec<String> {
        let mut files = Memory::new();
        let service = |(name, build): &(&str, &str)| format!("  {name}:\n    image: {name}\n    build: {build}\n");
        files.insert("compose.yml", format!("services:\n{}", services.iter().map(service).collect::<String>()));
        files.insert("Dockerfile", dockerfile);
        let mut sources = Sources::new();
        let loaded = load(&Request { project_name: Some("p".to_owned()), ..Request::default() }, &files, &mut sources).unwrap();
        let nodes = nodes(&plan(&loaded.input()).unwrap(), false);
        let title = |n: &usize| nodes.get(*n).map_or("?", |node| node.title.as_str());
        nodes.iter().map(|node| format!("{}: {}", node.title, node.needs.iter().map(title).collect::<Vec<_>>().join(" "))).collect()
    }

    #[test]
    fn a_stage_of_several_images_is_built_before_them() {
        let file = "FROM x AS deps\nRUN d\nFROM deps AS base\nRUN b\nFROM base AS a\nRUN a\nFROM base AS c\nRUN c\nFROM deps AS e\nRUN e\n";
        let stage = |name: &str| format!("{{context: ., target: {name}}}");
        let (a, c, e) = (stage("a"), stage("c"), stage("e"));
        assert_eq!(order(file, &[("a", &a), ("c", &c)]), ["base (Dockerfile): ", "a: base (Dockerfile)", "c: base (Dockerfile)"]);
        assert_eq!(
            order(file, &[("a", &a), ("c", &c), ("e", &e)]),
            [
                "deps (Dockerfile): ",
                "base (Dockerfile): deps (Dockerfile)",
                "a: base (Dockerfile)",
                "c: base (Dockerfile)",
                "e: deps (Dockerfile)"
            ]
        );
        assert_eq!(order(file, &[("a", &a)]), ["a: "]);
    }

    #[test]
    fn a_target_that_is_a_stage_of_another_is_built_once() {
        let file = "FROM x AS base\nRUN b\nFROM base AS a\nRUN a\n";
        let nodes = order(file, &[("a", "{context: ., target: a}"), ("b", "{context: ., target: base}")]);
        assert_eq!(nodes, ["base (Dockerfile): ", "a: base (Dockerfile)", "b: base (Dockerfile)"]);
    }

    #[test]
    fn images_with_equal_steps_follow_each_other_so_that_the_second_finds_them() {
        let file = "FROM x AS a\nRUN same\nRUN a\nFROM x AS b\nRUN same\nRUN b\nFROM x AS c\nRUN other\n";
        let services = [("a", "{context: ., target: a}"), ("b", "{context: ., target: b}"), ("c", "{context: ., target: c}")];
        assert_eq!(order(file, &services), ["a: ", "b: a", "c: "]);
    }
}
