//! The plan for Mermaid, which GitHub and GitLab draw in Markdown.

use std::fmt::Write;

use super::Plan;

/// One box a stage, one node a step, images as rounded nodes.
pub fn mermaid(plan: &Plan) -> String {
    let mut out = String::from("flowchart LR\n");
    for (n, stage) in plan.stages.iter().enumerate() {
        let _ = writeln!(out, "  subgraph g{n}[{}]", title(&super::text::stage_title(stage)));
        for (s, step) in plan.steps.iter().enumerate().filter(|(_, step)| step.stage == n) {
            let class = match (step.cached, &step.cause) {
                (Some(true), _) => ":::cached",
                (Some(false), _) => ":::runs",
                (None, Some(_)) => ":::may",
                (None, None) => "",
            };
            let _ = writeln!(out, "    s{s}[{}]{class}", quote(&super::text::cut(&step.instruction, 48)));
        }
        out.push_str("  end\n");
    }
    for (n, image) in plan.images.iter().enumerate() {
        let _ = writeln!(out, "  i{n}([{}])", quote(image.tags.first().unwrap_or(&image.name)));
        for head in plan.stages.get(image.stage).into_iter().flat_map(|stage| &stage.heads) {
            let _ = writeln!(out, "  s{head} --> i{n}");
        }
        for need in &image.needs {
            let _ = writeln!(out, "  i{need} -.-> i{n}");
        }
    }
    for (s, step) in plan.steps.iter().enumerate() {
        for need in &step.needs {
            let _ = writeln!(out, "  s{need} --> s{s}");
        }
    }
    if plan.steps.iter().any(|step| step.cached.is_some() || step.cause.is_some()) {
        out.push_str("  classDef cached fill:#d9f2d9\n  classDef runs fill:#f9d6c8\n  classDef may fill:#f8efc4\n");
    }
    out
}

/// The title of a box, in which Mermaid shows entities as they are written.
fn title(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "'").replace(['#', '<', '>', '\n'], " "))
}

/// Mermaid has entities instead of escapes.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
