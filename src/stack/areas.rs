//! Folders that stand for themselves: what lies in one has to do with what lies in another only where some text says so.

use crate::files;

use super::candidates::{FileRole, role_of_name};
use super::{Candidate, Request};

/// The topmost folders that hold Dockerfiles or Compose files; none lies in another.
#[derive(Clone, Debug, Default)]
pub(super) struct Areas(Vec<String>);

impl Areas {
    pub(super) fn of(candidates: &[Candidate]) -> Areas {
        let mut folders: Vec<&str> = candidates.iter().filter(|c| tells(c)).map(|c| files::parent(&c.path)).collect();
        folders.sort_unstable();
        folders.dedup();
        // what is shorter than all holds none
        let shortest = folders.iter().map(|dir| dir.len()).min().unwrap_or_default();
        let upper = |dir: &&str| above(dir).take_while(|upper| upper.len() >= shortest).any(|upper| folders.binary_search(&upper).is_ok());
        let top = |dir: &&str| !upper(dir);
        Areas(folders.iter().copied().filter(top).map(str::to_owned).collect())
    }

    /// How many areas each part takes, one after the other, given how many files each area has.
    fn cuts(&self, sizes: &[usize]) -> Vec<usize> {
        let mut cuts = Vec::new();
        let mut from = 0;
        while from < sizes.len() {
            let to = self.cut(sizes, from);
            cuts.push(to - from);
            from = to;
        }
        cuts
    }

    /// Where the part ends that begins with an area: between folders that lie far apart, as neighbours may well read each other's files.
    fn cut(&self, sizes: &[usize], from: usize) -> usize {
        let (mut files, mut best) = (0, None);
        for (at, size) in sizes.iter().enumerate().skip(from) {
            if files + size > *FILES_A_PART.end() && at > from {
                return best.map_or(at, |(cut, _)| cut);
            }
            files += size;
            let shared = self.shared_with_next(at);
            if files >= *FILES_A_PART.start() && best.is_none_or(|(_, least)| shared <= least) {
                best = Some((at + 1, shared));
            }
        }
        best.map_or(sizes.len(), |(cut, _)| cut)
    }

    /// How many folders an area and the next one lie in together; none behind the last.
    fn shared_with_next(&self, at: usize) -> usize {
        let (Some(one), Some(next)) = (self.0.get(at), self.0.get(at + 1)) else { return 0 };
        let same = one.bytes().zip(next.bytes()).take_while(|(a, b)| a == b);
        same.filter(|(byte, _)| *byte == b'/').count()
    }

    /// The area that a path lies in.
    pub(super) fn of_path(&self, path: &str) -> Option<usize> {
        std::iter::once(path).chain(above(path)).find_map(|dir| self.0.binary_search_by(|area| area.as_str().cmp(dir)).ok())
    }
}

/// The folders above a path, nearest first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    fn upper(path: &str) -> Option<&str> {
        Some(files::parent(path)).filter(|parent| *parent != path)
    }
    std::iter::successors(upper(path), |dir| upper(dir))
}

/// Whether a file is one of a stack for certain; most YAML files are something else.
fn tells(candidate: &Candidate) -> bool {
    candidate.explicit || role_of_name(&candidate.path) != Some(FileRole::Yaml)
}

/// So many files keep a core's caches busy, and are enough for what is done once for all of them to cost little.
const FILES_A_PART: std::ops::RangeInclusive<usize> = 10..=22;

impl Request {
    /// The same request as several, each for some areas of their own. Stacks that turn out to read a file of another one have to be
    /// loaded as one: see [`Request::joined`].
    pub(crate) fn parts(&self) -> Vec<Request> {
        let (few, named) = (self.candidates.len() <= *FILES_A_PART.end(), !self.compose_files.is_empty());
        let areas = if few || named { Areas::default() } else { Areas::of(&self.candidates) };
        if areas.0.len() < 2 {
            return vec![self.clone()];
        }
        let mut by_area: Vec<Vec<Candidate>> = vec![Vec::new(); areas.0.len()];
        let mut elsewhere = Vec::new();
        for candidate in &self.candidates {
            let area = areas.of_path(files::parent(&candidate.path)).and_then(|n| by_area.get_mut(n));
            area.unwrap_or(&mut elsewhere).push(candidate.clone());
        }
        let sizes: Vec<usize> = by_area.iter().map(|area| area.iter().filter(|c| tells(c)).count()).collect();
        let mut parts: Vec<Vec<Candidate>> = vec![elsewhere];
        let mut by_area = by_area.into_iter();
        parts.extend(areas.cuts(&sizes).into_iter().map(|many| by_area.by_ref().take(many).flatten().collect()));
        parts.retain(|part| !part.is_empty());
        parts.into_iter().map(|candidates| self.for_candidates(candidates)).collect()
    }

    /// One request for what several parts of one were for.
    pub(crate) fn joined<'a>(parts: impl IntoIterator<Item = &'a Request>) -> Request {
        let mut all = Request::default();
        for (n, part) in parts.into_iter().enumerate() {
            match n {
                0 => all = part.clone(),
                _ => all.candidates.extend(part.candidates.iter().cloned()),
            }
        }
        all.candidates.sort_unstable();
        all
    }

    fn for_candidates(&self, mut candidates: Vec<Candidate>) -> Request {
        candidates.sort_unstable();
        Request {
            candidates,
            compose_files: self.compose_files.clone(),
            profiles: self.profiles.clone(),
            env_files: self.env_files.clone(),
            build_args: self.build_args.clone(),
            target: self.target.clone(),
            options: self.options.clone(),
        }
    }
}
