//! Fields of structures, entries of maps, and methods.

use std::rc::Rc;

use super::call::{handed_over, paid};
use super::{Executor, Frame, Operand, Run};
use crate::bounds;
use crate::functions::{Type, date, files_method};
use crate::semver::Version;
use crate::template::Argument;
use crate::value::{ListKind, MapKind, Native, Value};

impl Executor<'_> {
    /// `.X.Y.Z` of a receiver. Where the last one is a method it gets the arguments.
    pub(super) fn fields<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        receiver: &Operand,
        names: &'t [Rc<str>],
        arguments: &'t [Argument],
        last: Option<Operand>,
    ) -> Run<Operand> {
        let Some((final_name, names)) = names.split_last() else { return Ok(receiver.clone()) };
        if !bounds::pay(bounds::PART * names.len()) {
            return Err(self.error(frame, bounds::TOO_MUCH));
        }
        let mut receiver = receiver.clone();
        for name in names {
            receiver = self.field(frame, dot, &receiver, name, &[], None)?;
        }
        self.field(frame, dot, &receiver, final_name, arguments, last)
    }

    fn field<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        receiver: &Operand,
        name: &'t Rc<str>,
        arguments: &'t [Argument],
        last: Option<Operand>,
    ) -> Run<Operand> {
        if receiver.is_missing() {
            return Ok(Operand::default());
        }
        if self.planning
            && receiver.value.is_unknown()
            && !matches!(receiver.value, Value::Map(_) | Value::List(_))
        {
            // What the stand-in has no such field for is as unknown as everything else about it.
            let standing_in =
                Operand { value: receiver.value.known().clone(), boxed: receiver.boxed };
            let found = match standing_in.value {
                Value::Text(_) => None,
                _ => self.field(frame, dot, &standing_in, name, arguments, last).ok(),
            };
            return Ok(match found {
                Some(found) => Operand { value: found.value.unknown(), boxed: found.boxed },
                None => Operand::boxed(Value::anything()),
            });
        }
        let type_name = receiver.type_name();
        if matches!(receiver.value, Value::Nil) {
            return Err(self.error(frame, format!("nil pointer evaluating {type_name}.{name}")));
        }
        if let Some(parameters) = method_parameters(&receiver.value, name) {
            return self.method(frame, dot, receiver, name, parameters, arguments, last);
        }
        let has_arguments = !arguments.is_empty() || last.is_some();
        match &receiver.value {
            Value::Map(_) if has_arguments => {
                Err(self.error(frame, format!("{name} is not a method but has arguments")))
            }
            Value::Map(map) => {
                let value = map.get(name).unwrap_or_else(|| map.zero());
                let value = if map.is_uncertain() { value.unknown() } else { value };
                Ok(Operand { value, boxed: map.kind() != MapKind::Texts })
            }
            Value::Native(native) => {
                match (native.field(name), &**native) {
                    (Some(_), _) if has_arguments => Err(self.error(
                        frame,
                        format!("{name} has arguments but cannot be invoked as function"),
                    )),
                    (Some(value), _) => Ok(Operand::plain(value)),
                    (None, Native::Files(files)) => Ok(Operand::plain(Value::Bytes(
                        files.get(name).cloned().unwrap_or_default(),
                    ))),
                    _ => Err(self
                        .error(frame, format!("can't evaluate field {name} in type {type_name}"))),
                }
            }
            _ => Err(self.error(frame, format!("can't evaluate field {name} in type {type_name}"))),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a method is called with and on")]
    fn method<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        receiver: &Operand,
        name: &str,
        parameters: &[Type],
        arguments: &'t [Argument],
        last: Option<Operand>,
    ) -> Run<Operand> {
        let given = arguments.len() + usize::from(last.is_some());
        if given != parameters.len() {
            let message =
                format!("wrong number of args for {name}: want {} got {given}", parameters.len());
            return Err(self.error(frame, message));
        }
        let mut values = Vec::with_capacity(given);
        for (argument, expected) in arguments.iter().zip(parameters) {
            values.push(self.argument(frame, dot, *expected, argument)?);
        }
        if let (Some(last), Some(expected)) = (last, parameters.last()) {
            values.push(self.check(frame, last, *expected)?);
        }
        let unknown = self.planning && values.iter().any(Value::contains_unknown);
        handed_over(&values)?;
        let value = call_method(&receiver.value, name, &values)
            .map_err(|message| self.error(frame, format!("error calling {name}: {message}")))?;
        let value = paid(value)?;
        Ok(Operand::plain(if unknown { value.unknown() } else { value }))
    }
}

/// The parameters of a method, if a value has it.
fn method_parameters(value: &Value, name: &str) -> Option<&'static [Type]> {
    const NONE: Option<&[Type]> = Some(&[]);
    const ONE_TEXT: Option<&[Type]> = Some(&[Type::Text]);
    match value {
        Value::Map(map) if map.kind() == MapKind::Values => match name {
            "AsMap" | "YAML" => NONE,
            "Table" | "PathValue" => ONE_TEXT,
            _ => None,
        },
        Value::List(list) if matches!(list.kind(), ListKind::Versions | ListKind::SomeVersions) => {
            if name == "Has" {
                ONE_TEXT
            } else {
                None
            }
        }
        Value::Native(native) => match (&**native, name) {
            (Native::KubeVersion(_), "String" | "GitVersion")
            | (Native::Capabilities { .. }, "Copy") => NONE,
            (Native::Files(_), "AsConfig" | "AsSecrets") => NONE,
            (Native::Files(_), "Get" | "GetBytes" | "Glob" | "Lines") => ONE_TEXT,
            (
                Native::Semver(_),
                "Major" | "Minor" | "Patch" | "Prerelease" | "Metadata" | "Original" | "String"
                | "IncMajor" | "IncMinor" | "IncPatch",
            ) => NONE,
            (
                Native::Semver(_),
                "Compare" | "Equal" | "LessThan" | "LessThanEqual" | "GreaterThan"
                | "GreaterThanEqual",
            ) => Some(&[Type::Any]),
            (Native::Time(_), "Format") => ONE_TEXT,
            (Native::Time(time), name) => date::method(time, name).and(NONE),
            _ => None,
        },
        _ => None,
    }
}

fn call_method(receiver: &Value, name: &str, arguments: &[Value]) -> Result<Value, String> {
    let text = || match arguments.first().map(Value::known) {
        Some(Value::Text(text)) => text.as_str().into_owned(),
        _ => String::new(),
    };
    Ok(match receiver {
        Value::Map(map) => match name {
            "AsMap" => Value::Map(map.as_kind(MapKind::Any)),
            "YAML" => {
                Value::text(crate::yaml::to_yaml(receiver).map_err(|error| error.to_string())?)
            }
            "Table" => {
                let mut table = map.clone();
                for key in text().split('.') {
                    table = match table.get(key) {
                        Some(Value::Map(inner)) => inner,
                        _ => return Err(format!("{key:?} is not a table")),
                    };
                }
                Value::Map(table.as_kind(MapKind::Values))
            }
            _ => path_value(map, &text())?,
        },
        Value::List(list) => {
            let wanted = text();
            let found = list
                .items()
                .iter()
                .any(|item| matches!(item, Value::Text(text) if text.as_str() == wanted));
            let value = Value::Bool(found);
            if !found && list.kind() == ListKind::SomeVersions { value.unknown() } else { value }
        }
        Value::Native(native) => match &**native {
            Native::KubeVersion(version) if name == "GitVersion" => {
                Value::text(version.version.as_str())
            }
            Native::KubeVersion(version) => Value::text(version.to_string()),
            Native::Files(files) => files_method(files, name, &text()),
            Native::Semver(version) => return version_method(version, name, arguments),
            Native::Time(time) if name == "Format" => date::format_method(time, &text()),
            Native::Time(time) => date::method(time, name).unwrap_or_default(),
            _ => receiver.clone(),
        },
        _ => Value::Nil,
    })
}

fn path_value(map: &crate::value::Map, path: &str) -> Result<Value, String> {
    if path.is_empty() {
        return Err("YAML path cannot be empty".to_owned());
    }
    let keys: Vec<&str> = path.split('.').collect();
    let (last, tables) = keys.split_last().map_or(("", &[][..]), |(last, tables)| (*last, tables));
    let missing = || format!("{last:?} is not a value");
    let mut table = map.clone();
    for key in tables {
        table = match table.get(key) {
            Some(Value::Map(inner)) => inner,
            _ => return Err(missing()),
        };
    }
    table.get(last).filter(|value| !matches!(value, Value::Map(_))).ok_or_else(missing)
}

fn version_method(version: &Version, name: &str, arguments: &[Value]) -> Result<Value, String> {
    let next = |major: u64, minor: u64, patch: u64| {
        let original = format!("{major}.{minor}.{patch}");
        Value::native(Native::Semver(Version {
            major,
            minor,
            patch,
            original,
            ..Version::default()
        }))
    };
    let other = match arguments.first().map(Value::known) {
        Some(Value::Native(native)) => match &**native {
            Native::Semver(other) => Some(other.clone()),
            _ => None,
        },
        _ => None,
    };
    if let Some(other) = other {
        let order = version.cmp(&other);
        return Ok(match name {
            "Compare" => Value::Int(order as i64),
            "Equal" => Value::Bool(order.is_eq()),
            "LessThan" => Value::Bool(order.is_lt()),
            "LessThanEqual" => Value::Bool(order.is_le()),
            "GreaterThan" => Value::Bool(order.is_gt()),
            _ => Value::Bool(order.is_ge()),
        });
    }
    Ok(match name {
        "Major" => Value::Uint(version.major),
        "Minor" => Value::Uint(version.minor),
        "Patch" => Value::Uint(version.patch),
        "Prerelease" => Value::text(version.prerelease.as_str()),
        "Metadata" => Value::text(version.metadata.as_str()),
        "Original" => Value::text(version.original.as_str()),
        "String" => Value::text(version.to_string()),
        "IncMajor" => next(version.major.wrapping_add(1), 0, 0),
        "IncMinor" => next(version.major, version.minor.wrapping_add(1), 0),
        // A pre-release becomes its release.
        "IncPatch" => next(
            version.major,
            version.minor,
            version.patch.wrapping_add(u64::from(version.prerelease.is_empty())),
        ),
        _ => return Err("argument is not a version".to_owned()),
    })
}
