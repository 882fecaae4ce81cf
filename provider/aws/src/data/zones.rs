//! `travel_zones`: the zones of a region.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::AvailabilityZone;
use travel_framework::data::DataSource;
use travel_framework::{Call, Failure, Model};

use crate::ec2::{any_of, filter};
use crate::error::Reply;
use crate::placement::Placement;
use crate::platform::Aws;

/// The zones of a region that can be used now, sorted by name.
#[derive(Clone, Debug, Default, Model)]
pub struct ZonesData {
    /// Where to look.
    #[model(flatten)]
    pub placement: Placement,
    /// Which zones by whether they must be opted into: `opt-in-not-required`, `opted-in`,
    /// `not-opted-in`. By default those that need no opting in.
    #[model(optional)]
    pub opt_in_statuses: Option<BTreeSet<String>>,
    /// Which kinds of zone: `availability-zone`, `local-zone`, `wavelength-zone`. By default
    /// availability zones only.
    #[model(optional)]
    pub zone_types: Option<BTreeSet<String>>,
    /// Names or ids of zones to leave out, such as one that lacks an instance type.
    #[model(optional)]
    pub exclude: Option<BTreeSet<String>>,
    /// The zones' names, such as `eu-central-1a`. A name may mean another zone in another
    /// account.
    #[model(computed)]
    pub names: Option<Vec<String>>,
    /// The zones' ids, such as `euc1-az2`, in the order of the names. An id means the same zone in
    /// every account.
    #[model(computed)]
    pub ids: Option<Vec<String>>,
}

#[async_trait]
impl DataSource for ZonesData {
    type Platform = Aws;

    const TYPE_NAME: &'static str = "travel_zones";

    async fn read(&mut self, call: &Call<Aws>) -> Result<(), Failure> {
        let set = |given: &Option<BTreeSet<String>>, default: &str| match given {
            Some(values) => values.iter().cloned().collect(),
            None => vec![default.to_owned()],
        };
        let statuses = set(&self.opt_in_statuses, "opt-in-not-required");
        let answer = call
            .scope
            .ec2()
            .describe_availability_zones()
            .all_availability_zones(statuses.iter().any(|status| status == "not-opted-in"))
            .filters(any_of("opt-in-status", statuses))
            .filters(any_of("zone-type", set(&self.zone_types, "availability-zone")))
            .filters(filter("state", "available"))
            .send()
            .await
            .at(&call.scope)?;
        let excluded = self.exclude.clone().unwrap_or_default();
        let mut zones: Vec<(String, String)> = answer
            .availability_zones
            .unwrap_or_default()
            .into_iter()
            .filter_map(|AvailabilityZone { zone_name, zone_id, .. }| Some((zone_name?, zone_id?)))
            .filter(|(name, id)| !excluded.contains(name) && !excluded.contains(id))
            .collect();
        zones.sort();
        let (names, ids) = zones.into_iter().unzip();
        self.names = Some(names);
        self.ids = Some(ids);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, Reply, call};

    #[tokio::test]
    async fn lists_zones_sorted_and_without_the_excluded() {
        let fake = Fake::new(|_| {
            let zone = |name: &str, id: &str| {
                format!("<item><zoneName>{name}</zoneName><zoneId>{id}</zoneId></item>")
            };
            let zones = [zone("x-1c", "x1-az1"), zone("x-1a", "x1-az3"), zone("x-1b", "x1-az2")];
            let content =
                format!("<availabilityZoneInfo>{}</availabilityZoneInfo>", zones.concat());
            Reply::ec2("DescribeAvailabilityZones", &content)
        });
        let mut data =
            ZonesData { exclude: Some(["x1-az2".to_owned()].into()), ..ZonesData::default() };
        data.read(&call(&fake).await).await.unwrap();
        assert_eq!(data.names.unwrap(), ["x-1a", "x-1c"]);
        assert_eq!(data.ids.unwrap(), ["x1-az3", "x1-az1"]);
        let asked = fake.calls().pop().unwrap().input;
        assert_eq!(asked["Filter.1.Value.1"], "opt-in-not-required");
        assert_eq!(asked["AllAvailabilityZones"], "false");
    }
}
