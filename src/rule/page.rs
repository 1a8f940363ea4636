//! A rule's page: front matter, prose, and examples that are files and run as tests.

use super::meta::Meta;
use crate::diagnostic::Severity;

/// A page, cut into its parts.
#[derive(Clone, Debug, Default)]
pub struct Page<'a> {
    /// The front matter.
    pub meta: Meta,
    /// Everything after the front matter, as written.
    pub body: &'a str,
}

/// A `## …` section that holds files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `Bad`, `Fixed`, or `Good: title`.
    pub title: String,
    /// Its code blocks.
    pub blocks: Vec<Block>,
}

/// A code block. ```` ```dockerfile app/Dockerfile ```` is a file; ```` ```text ```` is the output that `check` gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The language of the fence.
    pub language: String,
    /// The path after it; `None` for output.
    pub path: Option<String>,
    /// What stands in the block.
    pub text: String,
}

impl<'a> Page<'a> {
    /// Reads a page. The message says what is wrong with it.
    pub fn parse(text: &'a str) -> Result<Page<'a>, String> {
        let rest = text.strip_prefix("---\n").ok_or("a page starts with `---`")?;
        let (front, body) = rest.split_once("\n---\n").ok_or("the front matter does not end with `---`")?;
        let meta: Meta = match super::front::plain(front) {
            Some(meta) => meta,
            None => serde_yaml::from_str(front).map_err(|e| e.to_string())?,
        };
        if Severity::parse(&meta.severity).is_none() {
            return Err(format!("severity `{}` is none of error, warning, info, style", meta.severity));
        }
        Ok(Page { meta, body: body.trim_start() })
    }

    /// The severity that its findings have by default.
    pub fn severity(&self) -> Severity {
        Severity::parse(&self.meta.severity).unwrap_or(Severity::Warning)
    }

    /// The prose before the first section.
    pub fn prose(&self) -> &str {
        self.body.find("\n## ").and_then(|end| self.body.get(..end)).unwrap_or(self.body).trim()
    }

    /// The sections with their code blocks.
    pub fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<Section> = Vec::new();
        let mut open: Option<(String, Block)> = None;
        for line in self.body.lines() {
            match &mut open {
                Some((fence, _)) if line == fence.as_str() => {
                    if let (Some((_, block)), Some(section)) = (open.take(), sections.last_mut()) {
                        section.blocks.push(block);
                    }
                }
                Some((_, block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                None => {
                    if let Some(title) = line.strip_prefix("## ") {
                        sections.push(Section { title: title.to_owned(), blocks: Vec::new() });
                    } else if line.starts_with("```") {
                        open = Some(fence(line));
                    }
                }
            }
        }
        sections
    }
}

fn fence(line: &str) -> (String, Block) {
    let info = line.trim_start_matches('`');
    let ticks = "`".repeat(line.len() - info.len());
    let (language, path) = match info.split_once(' ') {
        Some((language, path)) => (language, Some(path.trim().to_owned())),
        None => (info, None),
    };
    (ticks, Block { language: language.to_owned(), path, text: String::new() })
}
