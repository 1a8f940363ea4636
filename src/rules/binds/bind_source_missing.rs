use crate::compose::{MountKind, ServiceMount};
use crate::diagnostic::Applicability;
use crate::files;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::setting;
use crate::source::Span;
use crate::stack::Stack;
use crate::text::Text;

rule!(BindSourceMissing, "binds/bind-source-missing");

/// Folders from which programs only read what somebody wrote for them.
const READ_FROM: [&str; 6] =
    ["/docker-entrypoint-initdb.d", "/etc/nginx", "/etc/prometheus", "/etc/grafana/provisioning", "/etc/traefik", "/usr/local/etc/php"];

/// Endings of files that programs and people make at their first run, and never commit.
const MADE_LATER: [&str; 14] = ["pem", "key", "crt", "cert", "cer", "p12", "pfx", "jks", "sock", "log", "db", "sqlite", "sqlite3", "pid"];

impl Rule for BindSourceMissing {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut said = Vec::new();
        for project in &stack.projects {
            for service in &project.services {
                for mount in service.mounts.iter().filter(|m| m.kind == MountKind::Bind) {
                    let (Some(source), Some(path)) = (&mount.source, &mount.source_path) else { continue };
                    // a part of a project, whose paths count from the folder above
                    let folder = files::file_name(files::parent(cx.stack.sources.path(mount.span.file)));
                    let part = source.value.trim_start_matches("./").split('/').next() == Some(folder);
                    let elsewhere = part || !source.value.starts_with('.') || cx.text(mount.span).contains('$') || path.starts_with("..");
                    let Some(lies) = stack.missing_mounts.get(path).filter(|_| !elsewhere) else { continue };
                    if said.contains(&mount.span) || left_out(path) {
                        continue;
                    }
                    let Some(what) = consequence(mount, path, &service.name.value) else { continue };
                    said.push(mount.span);
                    say(mount.span, source, path, lies.as_deref(), &what, &project.dir, cx);
                }
            }
        }
    }
}

fn say(at: Span, source: &Text, path: &str, lies: Option<&str>, what: &str, dir: &str, cx: &mut Cx<'_>) {
    let there = lies.map(|lies| format!(", `{lies}` is")).unwrap_or_default();
    let message = format!("`{path}` is not there{there}: Docker makes an empty folder of that name, owned by root, and {what}");
    let Some(lies) = lies else {
        cx.report(at, message).help("correct the path, or commit the file; the long form with `create_host_path: false` stops instead");
        return;
    };
    let right = from(dir, lies);
    let plain = cx.text(source.span) == source.value;
    let report = cx.report(at, message).help(format!("paths count from the folder of the Compose file: write `{right}`"));
    if plain {
        report.fix("count from the Compose file's folder", Applicability::Unsafe, vec![replace(source.span, right)]);
    }
}

/// A path as it is written in a folder below: `../nginx/site.conf`.
fn from(dir: &str, path: &str) -> String {
    let (mut up, mut folder) = (String::new(), dir);
    while files::strip_prefix(folder, path).is_none() && folder != "/" {
        up.push_str("../");
        folder = files::parent(folder);
    }
    format!("{up}{}", files::strip_prefix(folder, path).unwrap_or(path))
}

/// What is made later, kept out of the repository on purpose, or an example to be copied.
fn left_out(path: &str) -> bool {
    let name = files::file_name(path).to_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    MADE_LATER.contains(&extension)
        || name.starts_with(".env")
        || ["acme", "secret", "password", "credential", "token", "htpasswd", "local"].iter().any(|word| name.contains(word))
        || setting::named_development(&name)
}

/// What becomes of the container; `None` where an empty folder is what people expect.
fn consequence(mount: &ServiceMount, path: &str, service: &str) -> Option<String> {
    let target = files::normalize(&mount.target);
    let is_file = |p: &str| files::file_name(p).trim_start_matches('.').rsplit_once('.').is_some_and(|(_, e)| file_ending(e));
    if is_file(path) && is_file(&target) {
        return Some(format!("`{service}` fails on a folder where it wants a file"));
    }
    let reads = READ_FROM.iter().any(|dir| files::strip_prefix(dir, &target).is_some());
    (reads && mount.read_only || target == "/docker-entrypoint-initdb.d").then(|| format!("`{service}` finds nothing in it"))
}

/// An ending that only files have: `conf.d` and `2.0` are folders.
fn file_ending(ending: &str) -> bool {
    ending.len() > 1 && ending.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
}
