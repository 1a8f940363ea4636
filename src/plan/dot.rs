//! The plan for Graphviz.

use std::fmt::Write;

use super::Plan;

/// One box a stage, one node a step, images as ellipses.
pub fn dot(plan: &Plan) -> String {
    let mut out = String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box, fontname=\"monospace\", fontsize=10];\n");
    for (n, stage) in plan.stages.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{n} {{\n    label={};", quote(&super::text::stage_title(stage)));
        for (s, step) in plan.steps.iter().enumerate().filter(|(_, step)| step.stage == n) {
            let label = quote(&super::text::cut(&step.instruction, 48));
            let colour = match (step.cached, &step.cause) {
                (Some(true), _) => ", style=filled, fillcolor=\"#d9f2d9\"",
                (Some(false), _) => ", style=filled, fillcolor=\"#f9d6c8\"",
                (None, Some(_)) => ", style=filled, fillcolor=\"#f8efc4\"",
                (None, None) => "",
            };
            let _ = writeln!(out, "    s{s} [label={label}{colour}];");
        }
        out.push_str("  }\n");
    }
    for (n, image) in plan.images.iter().enumerate() {
        let _ = writeln!(out, "  i{n} [shape=ellipse, label={}];", quote(image.tags.first().unwrap_or(&image.name)));
        for head in plan.stages.get(image.stage).into_iter().flat_map(|stage| &stage.heads) {
            let _ = writeln!(out, "  s{head} -> i{n};");
        }
        for need in &image.needs {
            let _ = writeln!(out, "  i{need} -> i{n} [style=dashed];");
        }
    }
    for (s, step) in plan.steps.iter().enumerate() {
        for need in &step.needs {
            let _ = writeln!(out, "  s{need} -> s{s};");
        }
    }
    out.push_str("}\n");
    out
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
