//! What a service mounts from beside its Compose file and what lies in a folder above: a slip, unless paths do count from there.

use std::collections::BTreeMap;

use crate::compose::{MountKind, Project, Role, ServiceMount};
use crate::files::{self, Kind};

use super::load::Loader;

/// Whether paths count from a folder above, for each project and folder that was asked for.
pub(super) type Shown = BTreeMap<(usize, String), bool>;

/// So many files are looked through for the way in which Compose is called, none of them larger than that.
const MAX_FILES: usize = 300;
const MAX_BYTES: u64 = 256 << 10;

/// So many folders above are looked into: each path that is not there is looked for in all of them.
const MAX_ABOVE: usize = 3;

/// Folders in which people keep what calls Compose.
const BESIDE: [&str; 9] = ["scripts", "script", "bin", "docs", "tools", "ci", ".github/workflows", ".devcontainer", ".vscode"];

/// Files that say how Compose is called: their names' beginnings, and endings.
const NAMES: [&str; 11] = [
    "makefile",
    "gnumakefile",
    "justfile",
    "taskfile",
    "readme",
    "jenkinsfile",
    "rakefile",
    "procfile",
    ".env",
    ".gitlab-ci",
    "dockerfile",
];
const ENDINGS: [&str; 22] = [
    "md", "rst", "txt", "adoc", "sh", "bash", "zsh", "fish", "bat", "cmd", "ps1", "mk", "just", "yml", "yaml", "json", "toml", "py", "js",
    "ts", "rb", "env",
];

impl Loader<'_> {
    /// The host paths of a project's mounts that are not there, each with where the file lies if that is a folder above.
    pub(super) fn missing_of(&self, at: usize, project: &Project, shown: &mut Shown) -> Vec<(String, Option<String>)> {
        let mut missing = Vec::new();
        for mount in project.services.iter().flat_map(|s| &s.mounts).filter(|m| m.kind == MountKind::Bind) {
            let Some(path) = mount.source_path.as_ref().filter(|path| self.disk.kind(path).is_none()) else { continue };
            match self.above(project, mount, path) {
                Some((folder, lies)) => {
                    let later = if self.disk.names(files::parent(path)).is_ok() { self.made_later(path) } else { self.ignored(path) };
                    if !later && !*shown.entry((at, folder)).or_insert_with_key(|(_, folder)| self.counts_from(project, folder)) {
                        missing.push((path.clone(), Some(lies)));
                    }
                }
                None if !self.made_later(path) => missing.push((path.clone(), None)),
                None => {}
            }
        }
        missing
    }

    /// The nearest folder above the Compose file's in which the file of a mount lies, and its path there.
    fn above(&self, project: &Project, mount: &ServiceMount, path: &str) -> Option<(String, String)> {
        let source = mount.source.as_ref().filter(|s| s.starts_with("./") && !s.contains("..") && project.role == Role::Complete)?;
        let beside = files::parent(self.stack.sources.path(mount.span.file));
        if beside != project.dir || files::join(beside, source) != path {
            return None;
        }
        let mut folder = beside;
        for _ in 0..MAX_ABOVE {
            if folder == "." || folder == "/" {
                break;
            }
            folder = files::parent(folder);
            let lies = files::join(folder, source);
            if self.disk.kind(&lies).is_some() {
                // who writes the folder of the Compose file into the path knows that it counts from above
                return files::strip_prefix(beside, &lies).is_none().then(|| (folder.to_owned(), lies));
            }
        }
        None
    }

    /// Whether something shows that a project's paths count from a folder above: `--project-directory`, another file before it.
    fn counts_from(&self, project: &Project, folder: &str) -> bool {
        let only_there = |here: &str, written: &str, kind: Kind| {
            self.disk.kind(here).is_none() && self.disk.kind(&files::join(folder, written)) == Some(kind)
        };
        let of_services = project.services.iter().any(|service| {
            let built = service.build.as_ref().and_then(|b| Some((b.context_dir.as_ref()?, &b.context.value)));
            let built = built.is_some_and(|(dir, written)| only_there(dir, written, Kind::Dir));
            built || service.env_files.iter().any(|f| only_there(&f.resolved, &f.path.value, Kind::File))
        });
        // laid over a file above
        let over = || {
            let above = self.stack.projects.iter().filter(|p| p.dir == folder);
            above.flat_map(|p| &p.services).any(|s| project.service(&s.name.value).is_some())
        };
        of_services || over() || self.told(project)
    }

    /// Whether a text around says that Compose is called in a way that makes paths count from elsewhere.
    fn told(&self, project: &Project) -> bool {
        let name = project.files.first().map_or("", |file| files::file_name(self.stack.sources.path(*file)));
        let mut folder = project.dir.as_str();
        let mut left = MAX_FILES;
        loop {
            let beside = BESIDE.iter().map(|dir| files::join(folder, dir));
            for dir in std::iter::once(folder.to_owned()).chain(beside) {
                for entry in self.disk.list(&dir).unwrap_or_default() {
                    if entry.kind != Kind::File || entry.size > MAX_BYTES || !may_tell(&entry.name) || left == 0 {
                        continue;
                    }
                    left -= 1;
                    let bytes = self.disk.read(&files::join(&dir, &entry.name)).unwrap_or_default();
                    if tells(&String::from_utf8_lossy(&bytes), name) {
                        return true;
                    }
                }
            }
            if folder == "." || folder == "/" {
                return false;
            }
            folder = files::parent(folder);
        }
    }
}

fn may_tell(name: &str) -> bool {
    let name = name.to_lowercase();
    NAMES.iter().any(|n| name.starts_with(n)) || name.rsplit_once('.').is_some_and(|(_, end)| ENDINGS.contains(&end))
}

/// A text in which Compose is told where paths count from, or is given the file after another.
fn tells(text: &str, name: &str) -> bool {
    if ["project-directory", "project_directory", "project_src"].iter().any(|word| text.contains(word)) {
        return true;
    }
    if text.contains("dockerComposeFile") && text.contains(name) {
        return true;
    }
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    joined.lines().filter(|line| line.contains(name)).any(|line| {
        let listed = [".yml:", ".yaml:", ".yml;", ".yaml;"].iter().any(|end| line.contains(end));
        let words = line.split([' ', '\t', '"', '\'', ',', '=', '[', '(']);
        listed || words.filter(|w| matches!(*w, "-f" | "--file")).count() > 1
    })
}

#[cfg(test)]
mod tests {
    use super::tells;

    #[test]
    fn a_second_file_or_a_folder_moves_the_paths() {
        for text in [
            "up:\n\tdocker compose --project-directory . -f deploy/compose.yaml up\n",
            "docker compose -f compose.yaml \\\n  -f deploy/compose.yaml up\n",
            "COMPOSE_FILE=compose.yaml:deploy/compose.yaml\n",
            "run([\"docker\", \"compose\", \"-f\", \"compose.yaml\", \"-f\", \"deploy/compose.yaml\"])\n",
            "{ \"dockerComposeFile\": [\"../base.yaml\", \"compose.yaml\"] }",
        ] {
            assert!(tells(text, "compose.yaml"), "{text}");
        }
        for text in
            ["docker compose -f deploy/compose.yaml up -d\n", "COMPOSE_FILE = deploy/compose.yaml\n", "cd deploy && docker compose up\n"]
        {
            assert!(!tells(text, "compose.yaml"), "{text}");
        }
    }
}
