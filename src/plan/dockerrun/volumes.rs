//! What containers mount: folders of the upload, folders of the instance, and named volumes.

use serde_json::{Value, json};

use super::lost::Report;
use super::{BUNDLE, Object};
use crate::compose::{MountKind, Service, ServiceMount};
use crate::files;

/// Where the instance keeps what Compose would keep in named volumes.
const KEPT: &str = "/var/app/volumes";

/// The volumes of the file, each once.
pub(super) struct Volumes {
    /// The working folder on this machine.
    root: String,
    /// The project's folder there.
    dir: String,
    /// The named volumes, as Compose resolves them.
    named: Object,
    all: Vec<(String, Option<String>)>,
}

/// A mount that a container can have.
pub(super) struct Mounted {
    pub(super) volume: String,
    /// The instance's folder; none for a volume that goes with the container.
    pub(super) host: Option<String>,
    pub(super) target: String,
    pub(super) read_only: bool,
}

impl Volumes {
    pub(super) fn new(root: &str, dir: &str, json: Option<&Value>) -> Volumes {
        let named = json.and_then(|json| json.get("volumes")?.as_object()).cloned().unwrap_or_default();
        Volumes { root: root.to_owned(), dir: files::join(root, dir), named, all: Vec::new() }
    }

    /// The volumes as the file lists them.
    pub(super) fn list(&self) -> Vec<Value> {
        let one = |(name, host): &(String, Option<String>)| match host {
            Some(path) => json!({"name": name, "host": {"sourcePath": path}}),
            None => json!({"name": name}),
        };
        self.all.iter().map(one).collect()
    }

    /// A mount of a service as a container has it; what cannot be carried over is told.
    pub(super) fn mount(&mut self, service: &Service, mount: &ServiceMount, source: Option<&str>, report: &mut Report) -> Option<Mounted> {
        let key = format!("services.{}.volumes", service.name.value);
        let (wish, host) = match mount.kind {
            MountKind::Bind => {
                let source = source?;
                let path = match self.uploaded(source, mount) {
                    Ok(path) => path,
                    Err(message) => {
                        let help = "move it into the project's folder, or into the image".to_owned();
                        report.add(Some(mount.span), &key, message, Some(help));
                        return None;
                    }
                };
                if mount.propagation.is_some() {
                    report.add(
                        Some(mount.span),
                        &format!("{key}.bind.propagation"),
                        "a Dockerrun file has no counterpart".to_owned(),
                        None,
                    );
                }
                (files::file_name(&path).to_owned(), Some(path))
            }
            MountKind::Volume => match source {
                Some(name) => (name.to_owned(), self.kept(service, name, report)),
                None => (format!("{}-{}", service.name.value, files::file_name(&mount.target)), None),
            },
            MountKind::Tmpfs | MountKind::Other => {
                report.add(Some(mount.span), &key, "a Dockerrun file mounts folders and volumes only".to_owned(), None);
                return None;
            }
        };
        let volume = self.volume(&wish, host.clone());
        Some(Mounted { volume, host, target: mount.target.clone(), read_only: mount.read_only })
    }

    /// The path on the instance of a path on this machine.
    fn uploaded(&self, source: &str, mount: &ServiceMount) -> Result<String, String> {
        let source = files::join(&self.root, source);
        if source == self.dir {
            return Ok(BUNDLE.to_owned());
        }
        if let Some(below) = files::strip_prefix(&self.dir, &source) {
            return Ok(format!("{BUNDLE}/{below}"));
        }
        let written = mount.source.as_ref().map_or("", |text| text.value.as_str());
        match written.starts_with('/') {
            true => Ok(source),
            false => Err(format!("{written} is outside the project's folder, which is all that is uploaded")),
        }
    }

    /// The instance's folder for a named volume.
    fn kept(&self, service: &Service, name: &str, report: &mut Report) -> Option<String> {
        let settings = self.named.get(name).and_then(Value::as_object);
        let place =
            service.mounts.iter().find(|mount| mount.source.as_ref().is_some_and(|text| text.value == name)).map(|mount| mount.span);
        for key in ["driver_opts", "external"] {
            let set = settings.and_then(|settings| settings.get(key)).is_some_and(|value| *value != json!(false));
            if set {
                report.add(place, &format!("volumes.{name}.{key}"), "Beanstalk keeps volumes on its own instances".to_owned(), None);
            }
        }
        if let Some(driver) = settings.and_then(|settings| settings.get("driver")?.as_str()).filter(|driver| *driver != "local") {
            report.add(place, &format!("volumes.{name}.driver"), format!("`{driver}` is not on Beanstalk's instances"), None);
        }
        let path = format!("{KEPT}/{}", name.replace(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'), "-"));
        let message = format!(
            "the volume `{name}` is kept in {path} of the instance: it does not start with the image's files, and ends with the instance"
        );
        let help = "keep what must last in a service of its own: RDS for a database, EFS or S3 for files".to_owned();
        report.note(place, message, Some(help));
        Some(path)
    }

    /// The name of the volume for a folder, which may be there already.
    fn volume(&mut self, wish: &str, host: Option<String>) -> String {
        let known = self.all.iter().find(|(_, other)| host.is_some() && *other == host);
        if let Some((name, _)) = known {
            return name.clone();
        }
        let wish = wish.replace(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'), "-");
        let wish = wish.trim_matches('-');
        let wish = if wish.is_empty() { "volume" } else { wish };
        let taken = |name: &str| self.all.iter().any(|(other, _)| other == name);
        let name =
            std::iter::once(wish.to_owned()).chain((2..).map(|n| format!("{wish}-{n}"))).find(|name| !taken(name)).unwrap_or_default();
        self.all.push((name.clone(), host));
        name
    }
}
