//! Caches that a build takes from elsewhere or leaves there, and images in folders: what lies in a folder of this machine
//! is lent to the builder.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::moby::buildkit::v1::CacheOptionsEntry;
use sha2::{Digest, Sha256};

use super::super::Job;
use super::store::{self, Blobs};
use crate::plan::Image;

/// The tag that is meant where none is named.
const LATEST: &str = "latest";

/// Which way a cache goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    From,
    To,
}

impl Way {
    fn of(self, image: &Image) -> &[String] {
        match self {
            Way::From => &image.settings.cache_from,
            Way::To => &image.settings.cache_to,
        }
    }

    /// What a folder is called that way.
    fn folder(self) -> &'static str {
        match self {
            Way::From => "src",
            Way::To => "dest",
        }
    }
}

/// Reads an entry; one without any `=` is the name of an image.
fn entry(text: &str, way: Way) -> Result<CacheOptionsEntry, String> {
    if !text.contains('=') {
        let attrs = HashMap::from([("ref".to_owned(), text.to_owned())]);
        return Ok(CacheOptionsEntry { r#type: "registry".to_owned(), attrs });
    }
    let mut attrs: HashMap<String, String> =
        text.split(',').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.trim().to_lowercase(), v.to_owned())).collect();
    let kind = attrs.remove("type").unwrap_or_default();
    if kind.is_empty() {
        return Err(format!("the cache `{text}` has no type; write `type=registry,ref=…` or only the image's name"));
    }
    if kind == "local" && attrs.get(way.folder()).is_none_or(|folder| folder.is_empty()) {
        let (key, verb) = (way.folder(), if way == Way::From { "taken from" } else { "written to" });
        return Err(format!("the cache `{text}` does not say which folder it is {verb}; write `type=local,{key}=FOLDER`"));
    }
    Ok(CacheOptionsEntry { r#type: kind, attrs })
}

fn entries(image: &Image, way: Way) -> Result<Vec<CacheOptionsEntry>, String> {
    way.of(image).iter().filter(|text| !text.is_empty()).map(|text| entry(text, way)).collect()
}

/// The folder of an entry, as it is written; `None` for what is kept elsewhere.
fn folder(entry: &CacheOptionsEntry, way: Way) -> Option<&String> {
    entry.attrs.get(way.folder()).filter(|_| entry.r#type == "local")
}

fn tag(entry: &CacheOptionsEntry) -> &str {
    entry.attrs.get("tag").map_or(LATEST, String::as_str)
}

/// What is wrong with the caches of an image.
pub(super) fn refuse(image: &Image) -> Result<(), String> {
    entries(image, Way::From).and_then(|_| entries(image, Way::To)).map(drop)
}

/// What a build leaves for others.
pub(super) fn exports(image: &Image) -> Result<Vec<CacheOptionsEntry>, String> {
    entries(image, Way::To)
}

/// The caches that a build leaves: the number of the entry, and its kind; none where it cannot be read.
pub(super) fn written(image: &Image) -> Vec<(usize, String)> {
    let all = Way::To.of(image).iter().enumerate().filter(|(_, text)| !text.is_empty());
    all.filter_map(|(number, text)| Some((number, entry(text, Way::To).ok()?.r#type))).collect()
}

/// What a build takes; a folder in which nothing is yet is left out.
pub(super) fn imports(job: &Job<'_>, image: &Image) -> Result<Vec<CacheOptionsEntry>, String> {
    let all = entries(image, Way::From)?.into_iter();
    Ok(all.filter_map(|entry| found(&job.root, entry).ok()).collect())
}

/// The entry with the digest of what it means in its folder; an error is a phrase.
fn found(root: &Path, mut entry: CacheOptionsEntry) -> Result<CacheOptionsEntry, String> {
    let Some(folder) = folder(&entry, Way::From) else { return Ok(entry) };
    if !entry.attrs.contains_key("digest") {
        let tag = tag(&entry).to_owned();
        let digest = store::digest(&root.join(folder), &tag)?;
        let digest =
            digest.ok_or_else(|| if tag == LATEST { "nothing is there".to_owned() } else { format!("nothing is there as `{tag}`") })?;
        entry.attrs.insert("digest".to_owned(), digest);
    }
    Ok(entry)
}

/// Folders from which an image would take its cache, and cannot.
pub(super) fn empty(job: &Job<'_>, image: &Image) -> Vec<String> {
    let all = entries(image, Way::From).unwrap_or_default().into_iter();
    let why = |entry: CacheOptionsEntry| {
        let folder = folder(&entry, Way::From)?.clone();
        let why = found(&job.root, entry).err()?;
        Some(format!("`{}` takes no cache from {folder}: {why}", image.name))
    };
    all.filter_map(why).collect()
}

/// A folder into which a build's cache is written.
pub(super) struct Kept {
    folder: String,
    blobs: Blobs,
    tag: String,
    reset: bool,
}

impl Kept {
    /// Lets the folder's tag mean what was written.
    pub(super) fn name(&self, descriptor: &str) -> Result<(), String> {
        let named = store::name(&self.blobs, descriptor, &self.tag, self.reset);
        named.map_err(|why| format!("the cache was written to {}, but cannot be named there: {why}", self.folder))
    }
}

/// The folders into which the cache of an image is written.
pub(super) fn kept(image: &Image, stores: &BTreeMap<String, Blobs>) -> Result<Vec<Kept>, String> {
    let one = |entry: &CacheOptionsEntry| {
        let folder = folder(entry, Way::To)?.clone();
        let blobs = stores.get(&cache_id(&folder))?.clone();
        let reset = entry.attrs.get("reset").is_some_and(|value| matches!(value.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"));
        Some(Kept { folder, blobs, tag: tag(entry).to_owned(), reset })
    };
    Ok(entries(image, Way::To)?.iter().filter_map(one).collect())
}

/// What BuildKit calls the store of a cache's folder.
fn cache_id(folder: &str) -> String {
    format!("local:{folder}")
}

/// All folders that a plan lends, by the ids that BuildKit has for them. Those that are written to are made.
pub(super) fn stores(job: &Job<'_>) -> Result<BTreeMap<String, Blobs>, String> {
    let mut all = BTreeMap::new();
    for image in &job.plan.images {
        for entry in entries(image, Way::From)? {
            if let Some(folder) = folder(&entry, Way::From) {
                all.entry(cache_id(folder)).or_insert_with(|| Blobs::read_only(job.root.join(folder)));
            }
        }
        for entry in entries(image, Way::To)? {
            let Some(folder) = folder(&entry, Way::To) else { continue };
            let blobs = Blobs::writable(job.root.join(folder));
            let blobs = blobs.map_err(|error| format!("the cache of `{}` cannot be written to {folder}: {error}", image.name))?;
            all.insert(cache_id(folder), blobs);
        }
        for layout in image.settings.contexts.values().filter_map(|value| Layout::parse(value)) {
            all.insert(layout.id(), Blobs::read_only(job.root.join(&layout.folder)));
        }
    }
    Ok(all)
}

/// An image in a folder: `oci-layout://FOLDER[:TAG][@DIGEST]`.
pub(super) struct Layout {
    folder: PathBuf,
    tag: Option<String>,
    digest: Option<String>,
}

impl Layout {
    pub(super) fn parse(text: &str) -> Option<Layout> {
        let rest = text.strip_prefix("oci-layout://")?;
        let (rest, digest) = match rest.rsplit_once('@') {
            Some((rest, digest)) if digest.starts_with("sha256:") => (rest, Some(digest.to_owned())),
            _ => (rest, None),
        };
        let is_tag = |tag: &str| !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        let (folder, tag) = match rest.rsplit_once(':') {
            Some((folder, tag)) if is_tag(tag) => (folder, Some(tag.to_owned())),
            _ => (rest, None),
        };
        Some(Layout { folder: folder.into(), tag, digest })
    }

    /// A name that a reference of an image can have.
    fn name(&self) -> String {
        format!("{:x}", Sha256::digest(self.folder.as_os_str().as_encoded_bytes())).chars().take(25).collect()
    }

    /// What BuildKit calls its store.
    fn id(&self) -> String {
        format!("oci:{}", self.name())
    }

    /// How the frontend is told; an error is a phrase.
    pub(super) fn attribute(&self, root: &Path) -> Result<String, String> {
        let tag = self.tag.as_deref().unwrap_or(LATEST);
        let digest = match &self.digest {
            Some(digest) => digest.clone(),
            None => {
                let found = store::digest(&root.join(&self.folder), tag)?;
                let none = || format!("there is no image `{tag}` in that folder's index.json; `oci-layout://FOLDER:TAG` names another one");
                found.ok_or_else(none)?
            }
        };
        let tag = self.tag.as_ref().map_or_else(String::new, |tag| format!(":{tag}"));
        Ok(format!("oci-layout://{}{tag}@{digest}", self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_says_where_it_is() {
        let read = |text: &str, way| entry(text, way).map(|entry| (entry.r#type, entry.attrs.into_iter().collect::<BTreeMap<_, _>>()));
        let of = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>();
        assert_eq!(read("me/app:cache", Way::From), Ok(("registry".to_owned(), of(&[("ref", "me/app:cache")]))));
        assert_eq!(read("type=local,dest=c,mode=max", Way::To), Ok(("local".to_owned(), of(&[("dest", "c"), ("mode", "max")]))));
        assert_eq!(read("type=inline", Way::To), Ok(("inline".to_owned(), of(&[]))));
        for (text, way, words) in [
            ("ref=me/app", Way::From, "has no type"),
            ("type=local,dest=c", Way::From, "which folder it is taken from; write `type=local,src=FOLDER`"),
            ("type=local,src=c", Way::To, "which folder it is written to; write `type=local,dest=FOLDER`"),
            ("type=local,dest=", Way::To, "which folder"),
        ] {
            assert!(read(text, way).unwrap_err().contains(words), "{text}");
        }
    }

    #[test]
    fn a_cache_in_a_folder_is_taken_by_its_tag() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::writable(dir.path().join("c")).unwrap();
        let digest = format!("sha256:{:x}", Sha256::digest(b"{}"));
        let find = |text: &str| found(dir.path(), entry(text, Way::From).unwrap()).map(|entry| entry.attrs.get("digest").cloned());
        assert_eq!(find("type=local,src=c"), Err("nothing is there".to_owned()));
        store::name(&blobs, &format!(r#"{{"digest":"{digest}","size":2}}"#), "t", false).unwrap();
        assert!(find("type=local,src=c,tag=t").unwrap_err().contains("not among its blobs"));
        std::fs::write(dir.path().join("c/blobs").join(digest.replace(':', "/")), "{}").unwrap();
        assert_eq!(find("type=local,src=c,tag=t"), Ok(Some(digest.clone())));
        assert_eq!(find("type=local,src=c,digest=sha256:1"), Ok(Some("sha256:1".to_owned())));
        assert_eq!(find("type=registry,ref=x"), Ok(None));
        let attribute = |text: &str| Layout::parse(text).unwrap().attribute(dir.path());
        let told = attribute("oci-layout://c:t").unwrap();
        assert!(told.starts_with("oci-layout://") && told.ends_with(&format!(":t@{digest}")), "{told}");
        assert!(attribute("oci-layout://c").unwrap_err().contains("no image `latest`"));
        assert!(attribute("oci-layout:///there@sha256:1").unwrap().ends_with("@sha256:1"));
        assert!(Layout::parse("docker-image://c").is_none());
    }
}
