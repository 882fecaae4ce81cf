//! Functions on slash-separated paths.

use super::{Arguments, Function, Outcome, Type, opaque};
use crate::executor::Executor;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("base", &[Type::Text], base),
    opaque("clean", &[Type::Text], clean),
    opaque("dir", &[Type::Text], dir),
    opaque("ext", &[Type::Text], ext),
    opaque("isAbs", &[Type::Text], is_absolute),
    opaque("osBase", &[Type::Text], base),
    opaque("osClean", &[Type::Text], clean),
    opaque("osDir", &[Type::Text], dir),
    opaque("osExt", &[Type::Text], ext),
    opaque("osIsAbs", &[Type::Text], is_absolute),
];

/// Go's `path.Base`.
pub(crate) fn path_base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed.rsplit('/').next().unwrap_or(trimmed) }
}

/// Go's `path.Clean`.
pub(crate) fn path_clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Go's `path.Ext`.
pub(crate) fn path_ext(path: &str) -> &str {
    let start = path.rfind('/').map_or(0, |slash| slash + 1);
    path[start..].rfind('.').map_or("", |dot| &path[start + dot..])
}

fn base(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(path_base(&arguments.text(0).as_str())))
}

fn clean(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(path_clean(&arguments.text(0).as_str())))
}

fn dir(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(0);
    let path = text.as_str();
    let end = path.rfind('/').map_or(0, |slash| slash + 1);
    Ok(Value::text(path_clean(&path[..end])))
}

fn ext(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(path_ext(&arguments.text(0).as_str())))
}

fn is_absolute(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(arguments.text(0).as_bytes().starts_with(b"/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_gos() {
        let check = |path: &str, base: &str, clean: &str, ext: &str| {
            assert_eq!(
                (path_base(path), path_clean(path).as_str(), path_ext(path)),
                (base, clean, ext),
                "{path}"
            );
        };
        check("a/b.txt", "b.txt", "a/b.txt", ".txt");
        check("/a/../b//c/.", ".", "/b/c", ".");
        check("", ".", ".", "");
        check("///", "/", "/", "");
        check("../a/../..", "..", "../..", ".");
        check("a.b/c", "c", "a.b/c", "");
    }
}
