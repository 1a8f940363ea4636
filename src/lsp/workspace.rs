//! What the editor has open, laid over the disk, and what a check of it found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::ReadConfig;
use super::cache::{Cache, Cached};
use crate::diagnostic::{Applicability, Diagnostic};
use crate::files::{self, Disk, Memory, Overlay};
use crate::report::Masks;
use crate::rule::{Config, Registry, Selection, SelectionRequest};
use crate::source::{FileId, SourceFile};
use crate::stack::{self, Candidate, Stack};
use crate::{check, discover, fix};

/// A buffer of the editor.
pub(super) struct Document {
    pub(super) text: String,
    pub(super) version: Option<i64>,
    /// The editor takes it for a Dockerfile or a Compose file, whatever its name.
    pub(super) explicit: bool,
}

/// A folder that is checked as one.
pub(super) struct Folder {
    pub(super) root: PathBuf,
    /// The whole folder is checked; otherwise only what is open in it.
    whole: bool,
    cache: Cache,
    /// What a walk found; none where the folder has to be walked again.
    candidates: Option<Vec<Candidate>>,
    config: Option<Config>,
    pub(super) checked: Option<Checked>,
}

/// What a check gave.
pub(super) struct Checked {
    pub(super) stack: Stack,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) masks: Masks,
    /// The rules that there are in this folder.
    pub(super) registry: &'static Registry,
}

impl Folder {
    pub(super) fn new(root: PathBuf, whole: bool) -> Folder {
        Folder { root, whole, cache: Cache::default(), candidates: None, config: None, checked: None }
    }

    /// Something on the disk changed.
    pub(super) fn forget(&mut self) {
        self.cache = Cache::default();
        self.candidates = None;
        self.config = None;
        self.checked = None;
    }

    /// The path of a file as the check names it: relative to the root where it lies below it.
    pub(super) fn shown(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        files::normalize(&below.to_string_lossy().replace('\\', "/"))
    }

    /// The file that the check knows by this path.
    pub(super) fn absolute(&self, shown: &str) -> PathBuf {
        self.root.join(shown)
    }

    /// Checks the folder with the buffers laid over it; an error is about the configuration, and the check goes on without.
    pub(super) fn check(&mut self, open: &BTreeMap<PathBuf, Document>, read_config: ReadConfig) -> Option<String> {
        let disk = Disk::new(&self.root);
        let cached = Cached { cache: &self.cache, files: &disk };
        let base = self.overlay(&cached, open);
        let mut complaint = None;
        let config = match &self.config {
            Some(config) => config.clone(),
            None => read_config(&base, &self.root).unwrap_or_else(|error| {
                complaint = Some(error);
                Config::default()
            }),
        };
        let candidates = match &self.candidates {
            Some(candidates) => candidates.clone(),
            None if self.whole => {
                discover::below(&self.root.to_string_lossy().replace('\\', "/"), &|path| config.excludes(path)).candidates
            }
            None => Vec::new(),
        };
        let request = self.request(&candidates, &config, open);
        let checked = run(&request, &config, &base);
        self.candidates = Some(candidates);
        self.config = Some(config);
        self.checked = Some(checked);
        complaint
    }

    /// The new texts of a file's safe fixes, settled, by path.
    pub(super) fn fix_all(&self, shown: &str, open: &BTreeMap<PathBuf, Document>) -> BTreeMap<String, String> {
        let disk = Disk::new(&self.root);
        let cached = Cached { cache: &self.cache, files: &disk };
        let base = self.overlay(&cached, open);
        let config = self.config.clone().unwrap_or_default();
        let request = self.request(self.candidates.as_deref().unwrap_or_default(), &config, open);
        let of_file = |files: &dyn files::Files| {
            let Checked { stack, mut diagnostics, masks, .. } = run(&request, &config, files);
            let hides = |d: &Diagnostic| d.fix.iter().flat_map(|fix| &fix.edits).all(|edit| !masks.shows(&edit.new_text));
            diagnostics.retain(|d| stack.sources.path(d.primary.file) == shown && hides(d));
            Ok::<_, std::convert::Infallible>((stack, diagnostics))
        };
        match fix::until_settled(&base, Applicability::Safe, of_file, |(stack, found)| (&stack.sources, found.as_slice())) {
            Ok(settled) => settled.texts,
            Err(never) => match never {},
        }
    }

    /// The disk with the buffers laid over it.
    pub(super) fn files<'f>(&self, disk: &'f Disk, open: &BTreeMap<PathBuf, Document>) -> Overlay<'f> {
        self.overlay(disk, open)
    }

    fn overlay<'f>(&self, below: &'f dyn files::Files, open: &BTreeMap<PathBuf, Document>) -> Overlay<'f> {
        let mut base = Overlay::new(below, Memory::new());
        for (path, document) in open {
            base.insert(&self.shown(path), document.text.as_bytes());
        }
        base
    }

    fn request(&self, candidates: &[Candidate], config: &Config, open: &BTreeMap<PathBuf, Document>) -> stack::Request {
        let mut all: BTreeSet<Candidate> = candidates.iter().cloned().collect();
        for (path, document) in open.iter().filter(|(path, _)| path.starts_with(&self.root)) {
            let shown = self.shown(path);
            if document.explicit || stack::role_of_name(&shown).is_some() {
                all.replace(Candidate { path: shown.clone(), explicit: document.explicit, size: None });
                all.remove(&Candidate { path: shown, explicit: !document.explicit, size: None });
            }
        }
        stack::Request { candidates: all.into_iter().collect(), options: config.options.clone(), ..stack::Request::default() }
    }
}

fn run(request: &stack::Request, config: &Config, files: &dyn files::Files) -> Checked {
    let stack = stack::load(request, files);
    let wanted = config.selection(SelectionRequest::default(), None);
    // The configuration's names were judged when it was read.
    let selection =
        Selection::resolve(&wanted, config.registry).or_else(|_| Selection::resolve(&SelectionRequest::default(), config.registry));
    let judged = |selection: Selection| {
        let mut outcome = check::run(&stack, &selection);
        outcome.masks.extend(config.apply(&stack.sources, &selection, &mut outcome.diagnostics));
        outcome
    };
    let outcome = selection.map(judged).unwrap_or_default();
    let masks = Masks::new(&stack.sources, &outcome.diagnostics, &outcome.masks);
    Checked { stack, diagnostics: outcome.diagnostics, masks, registry: config.registry }
}

impl Checked {
    /// A file of the check by its shown path.
    pub(super) fn file(&self, shown: &str) -> Option<(FileId, &SourceFile)> {
        let id = self.stack.sources.find(shown)?;
        Some((id, self.stack.sources.get(id)))
    }
}
