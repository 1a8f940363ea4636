//! `stacklint plan --history N`.

use super::{Args, Format, advice};
use crate::cli::Failure;
use crate::files::Overlay;
use crate::files::git::Repository;
use crate::plan::history::{self, Builder, Passed};
use crate::plan::load::Request;

/// Plans the last commits, one after the other.
pub(super) fn run(args: &Args, request: &Request, count: usize) -> Result<u8, Failure> {
    let repository = Repository::of(std::path::Path::new("."))?;
    let head = repository.commit("HEAD")?;
    let mut commits = repository.history(head, count.saturating_add(1));
    commits.reverse();
    let (mut builder, mut advised) = (Builder::default(), Builder::default());
    let mut passed = Vec::new();
    let mut adviser = advice::Adviser::default();
    for (n, commit) in commits.iter().enumerate() {
        let tree = repository.tree(commit.id, true)?;
        let mut one = Passed { id: commit.id.to_string(), title: commit.title.clone(), ..Passed::default() };
        match builder.build(request, &tree) {
            Ok((steps, again)) => (one.steps, one.again) = (steps, again),
            Err(problem) => one.problem = Some(problem),
        }
        let better = adviser.better(request, &tree);
        if !better.is_empty() {
            let mut files = Overlay::new(&tree, crate::files::Memory::new());
            better.iter().for_each(|(path, text)| files.insert(path, text.as_str()));
            one.advised = advised.build(request, &files).ok().map(|(_, again)| again);
        } else if one.problem.is_none() {
            one.advised = advised.build(request, &tree).ok().map(|(_, again)| again);
        }
        // The first one only fills the cache.
        if n > 0 || commits.len() == 1 {
            passed.push(one);
        }
    }
    if !adviser.advised {
        passed.iter_mut().for_each(|one| one.advised = None);
    }
    passed.reverse();
    crate::cli::print(&if args.format == Format::Json { history::json(&passed) } else { history::text(&passed) });
    Ok(0)
}
