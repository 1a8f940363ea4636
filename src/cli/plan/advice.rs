//! The order of instructions that the rules advise.

use std::collections::{BTreeMap, HashMap};

use crate::diagnostic::{Applicability, Diagnostic};
use crate::files::Files;
use crate::fix;
use crate::plan::load::{Loaded, Request, load};
use crate::rule::{Selection, SelectionRequest, registry};
use crate::source::Sources;
use crate::stack::{self, Candidate, Stack};

/// Rules that move instructions so that less is run again.
const RULES: [&str; 3] = ["source-before-dependencies", "volatile-arg-before-expensive-step", "volatile-env-early"];

/// Dockerfiles in a better order.
#[derive(Default)]
pub(super) struct Adviser {
    known: HashMap<BTreeMap<String, Vec<u8>>, BTreeMap<String, String>>,
    /// There was something to advise.
    pub(super) advised: bool,
}

impl Adviser {
    /// The Dockerfiles of a plan that have a better order, in that order.
    pub(super) fn better(&mut self, request: &Request, files: &dyn Files) -> BTreeMap<String, String> {
        let mut sources = Sources::new();
        let Ok(loaded) = load(request, files, &mut sources) else { return BTreeMap::new() };
        let texts: BTreeMap<String, Vec<u8>> =
            loaded.dockerfiles().filter_map(|path| Some((path.to_owned(), files.read(path).ok()?))).collect();
        if let Some(known) = self.known.get(&texts) {
            return known.clone();
        }
        let made = fix::until_settled(files, Applicability::Unsafe, |files| checked(request, &loaded, files), |c| (&c.0.sources, &c.1));
        let better = made.map(|made| made.texts).unwrap_or_default();
        self.advised |= !better.is_empty();
        self.known.insert(texts, better.clone());
        better
    }
}

/// What the rules say about the order: the place and what to do, for each Dockerfile and line.
pub(super) fn findings(request: &Request, loaded: &Loaded, files: &dyn Files) -> Vec<(String, usize, String)> {
    let Ok((stack, found)) = checked(request, loaded, files) else { return Vec::new() };
    let one = |d: &Diagnostic| Some((stack.sources.path(d.primary.file).to_owned(), stack.sources.line(d.primary), d.help.clone()?));
    found.iter().filter_map(one).collect()
}

fn checked(request: &Request, loaded: &Loaded, files: &dyn Files) -> Result<(Stack, Vec<Diagnostic>), String> {
    let explicit = |path: &str| Candidate { path: path.to_owned(), explicit: true, size: None };
    let wanted = stack::Request {
        candidates: loaded.dockerfiles().map(explicit).collect(),
        compose_files: loaded.compose_files.clone(),
        profiles: request.profiles.clone(),
        env_files: request.env_files.clone(),
        build_args: request.build_args.clone(),
        target: request.target.clone(),
        ..stack::Request::default()
    };
    let stack = stack::load(&wanted, files);
    let select = SelectionRequest { select: RULES.map(str::to_owned).to_vec(), ..SelectionRequest::default() };
    let selection = Selection::resolve(&select, registry()).map_err(|error| error.to_string())?;
    let found = crate::check::run(&stack, &selection).diagnostics;
    Ok((stack, found))
}
