//! The index of a folder of blobs: which of them is meant by a tag.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::blobs::{Blobs, Digest};

const REF_NAME: &str = "org.opencontainers.image.ref.name";
const IMAGE_NAME: &str = "io.containerd.image.name";
/// Larger manifests nobody writes.
const LARGEST_MANIFEST: u64 = 32 << 20;

/// The blob that a tag means; an error is a phrase.
pub(super) fn find(root: &Path, tag: &str) -> Result<Option<Digest>, String> {
    let Some(index) = read(root).map_err(|error| format!("its index.json cannot be read: {error}"))? else { return Ok(None) };
    let manifests = || index.get("manifests").and_then(Value::as_array).into_iter().flatten();
    let named = |key: &str| manifests().find(|entry| annotation(entry, key) == Some(tag));
    let Some(entry) = named(IMAGE_NAME).or_else(|| named(REF_NAME)) else { return Ok(None) };
    let digest = entry.get("digest").and_then(Value::as_str).unwrap_or_default();
    Digest::parse(digest).map(Some).ok_or_else(|| format!("its index.json names `{digest}`, which is no digest of a blob"))
}

fn annotation<'a>(entry: &'a Value, key: &str) -> Option<&'a str> {
    entry.get("annotations")?.get(key)?.as_str()
}

fn read(root: &Path) -> io::Result<Option<Value>> {
    match fs::read(root.join("index.json")) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lets a tag mean the blob that is described; what it meant before is no longer named.
pub(super) fn put(root: &Path, descriptor: &Value, tag: &str) -> io::Result<()> {
    let _lock = Lock::take(root.join("index.json.lock"))?;
    let mut index = read(root)?.unwrap_or_else(|| json!({}));
    let old = index.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut manifests: Vec<Value> =
        old.into_iter().filter(|entry| annotation(entry, REF_NAME) != Some(tag) || annotation(entry, IMAGE_NAME).is_some()).collect();
    let mut entry = descriptor.clone();
    let annotations = entry.get("annotations").and_then(Value::as_object).cloned().unwrap_or_default();
    let (Some(entry_fields), Some(index_fields)) = (entry.as_object_mut(), index.as_object_mut()) else {
        return Err(io::Error::other("it is no object"));
    };
    let mut annotations = annotations;
    annotations.insert(REF_NAME.to_owned(), json!(tag));
    entry_fields.insert("annotations".to_owned(), Value::Object(annotations));
    manifests.push(entry);
    index_fields.entry("schemaVersion").or_insert(json!(2));
    index_fields.entry("mediaType").or_insert(json!("application/vnd.oci.image.index.v1+json"));
    index_fields.insert("manifests".to_owned(), Value::Array(manifests));
    replace(&root.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    replace(&root.join("index.json"), index.to_string().as_bytes())
}

/// A reader sees the old text or the new one, never a part.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(super::super::unique());
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Throws away the blobs that no tag leads to. Where a list of blobs cannot be read, nobody knows what it leads to, and all stay.
pub(super) fn prune(blobs: &Blobs) -> io::Result<()> {
    let _lock = Lock::take(blobs.root().join("index.json.lock"))?;
    let mut open: Vec<Value> = read(blobs.root())?.into_iter().collect();
    let mut kept = BTreeSet::new();
    while let Some(value) = open.pop() {
        let listed = ["manifests", "layers"].into_iter().filter_map(|key| value.get(key)?.as_array()).flatten();
        for descriptor in listed.chain(value.get("config")) {
            let Some(digest) = descriptor.get("digest").and_then(Value::as_str).and_then(Digest::parse) else { continue };
            let kind = descriptor.get("mediaType").and_then(Value::as_str).unwrap_or_default();
            if !kept.contains(&digest) && blobs.has(&digest, None) {
                match kind {
                    // whatever it is
                    "" => open.extend(manifest(blobs, &digest).ok()),
                    kind if kind.contains(".manifest.") || kind.contains(".index.") => open.push(manifest(blobs, &digest)?),
                    _ => {}
                }
            }
            kept.insert(digest);
        }
    }
    for digest in blobs.all()?.iter().filter(|digest| !kept.contains(digest)) {
        blobs.remove(digest)?;
    }
    Ok(())
}

/// A list of blobs; an error names it.
fn manifest(blobs: &Blobs, digest: &Digest) -> io::Result<Value> {
    let broken = |why: &str| io::Error::new(ErrorKind::InvalidData, format!("{digest} {why}, so that nothing is thrown away"));
    if blobs.known(digest)?.size > LARGEST_MANIFEST {
        return Err(broken("is too large for a list of blobs"));
    }
    serde_json::from_slice(&blobs.read(digest)?).map_err(|_| broken("cannot be read as a list of blobs"))
}

/// One process at a time changes an index; the name is the one that BuildKit's own client locks.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    fn take(path: PathBuf) -> io::Result<Lock> {
        loop {
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            // Whoever had it before has taken away the file that was waited for.
            if is_same(&file, &path) {
                return Ok(Lock { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |meta: fs::Metadata| (meta.dev(), meta.ino());
    matches!((file.metadata().map(id), fs::metadata(path).map(id)), (Ok(held), Ok(there)) if held == there)
}

#[cfg(not(unix))]
fn is_same(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(blobs: &Blobs, text: &str) -> Digest {
        let mut writing = blobs.begin().unwrap();
        writing.append(text.as_bytes()).unwrap();
        writing.keep(None, None).unwrap()
    }

    #[test]
    fn a_tag_means_what_was_put_last() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let descriptor = |digest: &Digest| json!({"digest": digest.to_string(), "size": 1, "mediaType": "x"});
        assert_eq!(find(root, "latest"), Ok(None));
        put(root, &descriptor(&one), "latest").unwrap();
        put(root, &descriptor(&one), "other").unwrap();
        put(root, &descriptor(&two), "latest").unwrap();
        assert_eq!((find(root, "latest"), find(root, "other"), find(root, "none")), (Ok(Some(two)), Ok(Some(one)), Ok(None)));
        let index = read(root).unwrap().unwrap();
        assert_eq!((index["schemaVersion"].as_i64(), index["manifests"].as_array().unwrap().len()), (Some(2), 2));
        let mut files: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        assert_eq!(files, ["index.json", "oci-layout"], "no lock and no half file is left");
    }

    #[test]
    fn several_at_once_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let root = dir.path();
                scope.spawn(move || put(root, &json!({"digest": Digest::of(&[n]).to_string()}), &n.to_string()).unwrap());
            }
        });
        assert!((0..8).all(|n: u8| find(dir.path(), &n.to_string()) == Ok(Some(Digest::of(&[n])))));
    }

    #[test]
    fn an_index_that_is_none_is_told_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("index.json"), "{").unwrap();
        assert!(find(dir.path(), "latest").unwrap_err().contains("cannot be read"));
        assert!(put(dir.path(), &json!({}), "latest").is_err());
        assert_eq!(fs::read_to_string(dir.path().join("index.json")).unwrap(), "{");
        fs::write(
            dir.path().join("index.json"),
            r#"{"manifests":[{"digest":"sha256:../..","annotations":{"org.opencontainers.image.ref.name":"latest"}}]}"#,
        )
        .unwrap();
        assert!(find(dir.path(), "latest").unwrap_err().contains("no digest of a blob"));
    }

    #[test]
    fn what_no_tag_leads_to_is_thrown_away() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::writable(dir.path().to_owned()).unwrap();
        let (layer, config, old) = (blob(&blobs, "layer"), blob(&blobs, "config"), blob(&blobs, "old"));
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({"config": {"digest": config.to_string(), "mediaType": "c"}, "layers": [{"digest": layer.to_string(), "mediaType": "l"}]});
        let manifest = blob(&blobs, &manifest.to_string());
        put(dir.path(), &json!({"digest": manifest.to_string(), "mediaType": kind}), "latest").unwrap();
        prune(&blobs).unwrap();
        assert!([&layer, &config, &manifest].into_iter().all(|digest| blobs.has(digest, None)));
        assert!(!blobs.has(&old, None));
        let (broken, old) = (blob(&blobs, "{"), blob(&blobs, "old"));
        put(dir.path(), &json!({"digest": broken.to_string(), "mediaType": kind}), "broken").unwrap();
        let told = prune(&blobs).unwrap_err().to_string();
        assert!(told.contains(&broken.to_string()) && told.ends_with("nothing is thrown away"), "{told}");
        assert!(blobs.has(&old, None));
    }
}
