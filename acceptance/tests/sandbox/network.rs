//! EC2 as strict as AWS: states, tokens, dependencies.

use travel_acceptance::sandbox::client::Client;
use travel_acceptance::sandbox::settings::Settings;

use super::{account, ask, own, refused, run, shared};

/// A VPC with one subnet.
struct Network {
    client: Client,
    vpc: String,
    subnet: String,
}

impl Network {
    async fn new(client: Client) -> Self {
        let cidr = [("CidrBlock", "10.0.0.0/16")];
        let vpc = ask(&client, "CreateVpc", &cidr, "vpc/vpcId").await;
        let place = [("VpcId", vpc.as_str()), ("CidrBlock", "10.0.0.0/24")];
        let subnet = ask(&client, "CreateSubnet", &place, "subnet/subnetId").await;
        Self { client, vpc, subnet }
    }

    async fn attach_gateway(&self) -> String {
        let made = "internetGateway/internetGatewayId";
        let gateway = ask(&self.client, "CreateInternetGateway", &[], made).await;
        let place = [("InternetGatewayId", gateway.as_str()), ("VpcId", self.vpc.as_str())];
        self.client.query("ec2", "AttachInternetGateway", &place).await.unwrap();
        gateway
    }

    async fn address(&self) -> String {
        ask(&self.client, "AllocateAddress", &[("Domain", "vpc")], "allocationId").await
    }

    async fn nat_gateway(&self, allocation: &str, token: &str) -> (String, String) {
        let parameters = [
            ("SubnetId", self.subnet.as_str()),
            ("AllocationId", allocation),
            ("ClientToken", token),
        ];
        let made = self.client.query("ec2", "CreateNatGateway", &parameters).await.unwrap();
        let text = |name: &str| made.text_at(&format!("natGateway/{name}")).to_owned();
        (text("natGatewayId"), text("state"))
    }

    async fn nat_state(&self, id: &str) -> String {
        let path = "natGatewaySet/item/state";
        ask(&self.client, "DescribeNatGateways", &[("NatGatewayId.1", id)], path).await
    }
}

#[test]
fn a_nat_gateway_takes_its_time_and_holds_what_it_needs() {
    run(async {
        let client = account(shared().await, "nat").await;
        let network = Network::new(client.clone()).await;
        let gateway = network.attach_gateway().await;
        let address = network.address().await;
        let (id, state) = network.nat_gateway(&address, "first").await;
        assert_eq!(state, "pending");
        assert_eq!(network.nat_gateway(&address, "first").await.0, id);
        let other = [("SubnetId", network.subnet.as_str()), ("ClientToken", "first")];
        let code = refused(&client, "CreateNatGateway", &other).await;
        assert_eq!(code, "IdempotentParameterMismatch");
        assert_eq!(network.nat_state(&id).await, "pending");
        assert_eq!(network.nat_state(&id).await, "available");

        let subnet = [("SubnetId", network.subnet.as_str())];
        let detach = [("InternetGatewayId", gateway.as_str()), ("VpcId", network.vpc.as_str())];
        let release = [("AllocationId", address.as_str())];
        let check = async || {
            assert_eq!(refused(&client, "DeleteSubnet", &subnet).await, "DependencyViolation");
            assert_eq!(
                refused(&client, "DetachInternetGateway", &detach).await,
                "DependencyViolation"
            );
            let code = refused(&client, "ReleaseAddress", &release).await;
            assert_eq!(code, "InvalidIPAddress.InUse");
        };
        check().await;
        let interfaces =
            [("Filter.1.Name", "subnet-id"), ("Filter.1.Value.1", network.subnet.as_str())];
        let path = "networkInterfaceSet/item/description";
        let described = ask(&client, "DescribeNetworkInterfaces", &interfaces, path).await;
        assert_eq!(described, format!("Interface for NAT Gateway {id}"));

        let nat = [("NatGatewayId", id.as_str())];
        client.query("ec2", "DeleteNatGateway", &nat).await.unwrap();
        assert_eq!(network.nat_state(&id).await, "deleting");
        assert_eq!(network.nat_state(&id).await, "deleted");
        client.query("ec2", "ReleaseAddress", &release).await.unwrap();
        client.query("ec2", "DetachInternetGateway", &detach).await.unwrap();
        client.query("ec2", "DeleteSubnet", &subnet).await.unwrap();
        let unknown = [("NatGatewayId.1", "nat-0123456789abcdef0")];
        assert_eq!(refused(&client, "DescribeNatGateways", &unknown).await, "NatGatewayNotFound");
    });
}

#[test]
fn a_nat_gateway_fails_without_an_internet_gateway() {
    run(async {
        let network = Network::new(account(shared().await, "nat-fails").await).await;
        let address = network.address().await;
        let (id, state) = network.nat_gateway(&address, "first").await;
        assert_eq!(state, "pending");
        assert_eq!(network.nat_state(&id).await, "pending");
        assert_eq!(network.nat_state(&id).await, "failed");
    });
}

#[test]
fn endpoints_take_their_time_and_move_with_their_subnets() {
    run(async {
        let client = account(shared().await, "endpoints").await;
        let network = Network::new(client.clone()).await;
        let vpc = network.vpc.as_str();
        let place = [("VpcId", vpc), ("CidrBlock", "10.0.1.0/24")];
        let second = ask(&client, "CreateSubnet", &place, "subnet/subnetId").await;
        let group = [("GroupName", "endpoints"), ("GroupDescription", "x"), ("VpcId", vpc)];
        let group = ask(&client, "CreateSecurityGroup", &group, "groupId").await;
        let parameters = [
            ("VpcId", vpc),
            ("ServiceName", "com.amazonaws.eu-central-1.ecr.api"),
            ("VpcEndpointType", "Interface"),
            ("SubnetId.1", network.subnet.as_str()),
            ("SecurityGroupId.1", group.as_str()),
        ];
        let made = client.query("ec2", "CreateVpcEndpoint", &parameters).await.unwrap();
        let id = made.text_at("vpcEndpoint/vpcEndpointId");
        let code = refused(&client, "CreateVpcEndpoint", &parameters).await;
        assert_eq!(code, "InvalidParameter");
        let named = [("VpcEndpointId.1", id)];
        let state = "vpcEndpointSet/item/state";
        assert_eq!(ask(&client, "DescribeVpcEndpoints", &named, state).await, "pending");
        assert_eq!(ask(&client, "DescribeVpcEndpoints", &named, state).await, "available");

        let grow = [("VpcEndpointId", id), ("AddSubnetId.1", second.as_str())];
        client.query("ec2", "ModifyVpcEndpoint", &grow).await.unwrap();
        let shown = client.query("ec2", "DescribeVpcEndpoints", &named).await.unwrap();
        assert_eq!(shown.items("vpcEndpointSet/item/networkInterfaceIdSet").len(), 2);
        let removed = [("SubnetId", second.as_str())];
        assert_eq!(refused(&client, "DeleteSubnet", &removed).await, "DependencyViolation");
        let shrink = [("VpcEndpointId", id), ("RemoveSubnetId.1", second.as_str())];
        client.query("ec2", "ModifyVpcEndpoint", &shrink).await.unwrap();
        client.query("ec2", "DeleteSubnet", &removed).await.unwrap();

        let group = [("GroupId", group.as_str())];
        assert_eq!(refused(&client, "DeleteSecurityGroup", &group).await, "DependencyViolation");
        let delete = [("VpcEndpointId.1", id), ("VpcEndpointId.2", "vpce-0123456789abcdef0")];
        let deleted = client.query("ec2", "DeleteVpcEndpoints", &delete).await.unwrap();
        let failures = deleted.items("unsuccessful");
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].text_at("error/code"), "InvalidVpcEndpoint.NotFound");
        assert_eq!(ask(&client, "DescribeVpcEndpoints", &named, state).await, "deleting");
        let code = refused(&client, "DescribeVpcEndpoints", &named).await;
        assert_eq!(code, "InvalidVpcEndpointId.NotFound");
        client.query("ec2", "DeleteSecurityGroup", &group).await.unwrap();
    });
}

#[test]
fn gateway_endpoints_route() {
    run(async {
        let client = account(shared().await, "routes").await;
        let network = Network::new(client.clone()).await;
        let vpc = [("VpcId", network.vpc.as_str())];
        let path = "routeTable/routeTableId";
        let first = ask(&client, "CreateRouteTable", &vpc, path).await;
        let second = ask(&client, "CreateRouteTable", &vpc, path).await;
        let parameters = [
            ("VpcId", network.vpc.as_str()),
            ("ServiceName", "com.amazonaws.eu-central-1.s3"),
            ("RouteTableId.1", first.as_str()),
        ];
        let made = client.query("ec2", "CreateVpcEndpoint", &parameters).await.unwrap();
        let id = made.text_at("vpcEndpoint/vpcEndpointId");
        assert_eq!(made.text_at("vpcEndpoint/vpcEndpointType"), "Gateway");
        let code = refused(&client, "CreateVpcEndpoint", &parameters).await;
        assert_eq!(code, "RouteAlreadyExists");
        let routed = async |table: &str| {
            let named = [("RouteTableId.1", table)];
            let shown = client.query("ec2", "DescribeRouteTables", &named).await.unwrap();
            let mut routes = shown.items("routeTableSet/item/routeSet").iter();
            routes.any(|route| route.text_at("gatewayId") == id)
        };
        let modify = async |name: &str, table: &str| {
            let parameters = [("VpcEndpointId", id), (name, table)];
            client.query("ec2", "ModifyVpcEndpoint", &parameters).await.unwrap();
        };
        modify("AddRouteTableId.1", &second).await;
        modify("RemoveRouteTableId.1", &first).await;
        assert_eq!([routed(&first).await, routed(&second).await], [false, true]);
        let table = [("RouteTableId", second.as_str())];
        client.query("ec2", "DeleteRouteTable", &table).await.unwrap();
        let named = [("VpcEndpointId.1", id)];
        client.query("ec2", "DeleteVpcEndpoints", &named).await.unwrap();
    });
}

#[test]
fn dependents_are_not_left_behind() {
    run(async {
        let client = account(shared().await, "dependents").await;
        let network = Network::new(client.clone()).await;
        let vpc = network.vpc.as_str();
        let gateway = network.attach_gateway().await;
        let second =
            ask(&client, "CreateInternetGateway", &[], "internetGateway/internetGatewayId").await;
        let place = [("InternetGatewayId", second.as_str()), ("VpcId", vpc)];
        let code = refused(&client, "AttachInternetGateway", &place).await;
        assert_eq!(code, "InvalidParameterValue");

        let mains = [
            ("Filter.1.Name", "association.main"),
            ("Filter.1.Value.1", "true"),
            ("Filter.2.Name", "vpc-id"),
            ("Filter.2.Value.1", vpc),
        ];
        let path = "routeTableSet/item/routeTableId";
        let main = ask(&client, "DescribeRouteTables", &mains, path).await;
        let code = refused(&client, "DeleteRouteTable", &[("RouteTableId", &main)]).await;
        assert_eq!(code, "DependencyViolation");
        let path = "routeTable/routeTableId";
        let table = ask(&client, "CreateRouteTable", &[("VpcId", vpc)], path).await;
        let other = ask(&client, "CreateRouteTable", &[("VpcId", vpc)], path).await;
        let associate = |table| [("RouteTableId", table), ("SubnetId", network.subnet.as_str())];
        client.query("ec2", "AssociateRouteTable", &associate(table.as_str())).await.unwrap();
        let code = refused(&client, "AssociateRouteTable", &associate(other.as_str())).await;
        assert_eq!(code, "Resource.AlreadyAssociated");

        let group = async |name: &str| {
            let parameters = [("GroupName", name), ("GroupDescription", "x"), ("VpcId", vpc)];
            ask(&client, "CreateSecurityGroup", &parameters, "groupId").await
        };
        let (one, two) = (group("one").await, group("two").await);
        let rule = [
            ("GroupId", two.as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "443"),
            ("IpPermissions.1.ToPort", "443"),
            ("IpPermissions.1.Groups.1.GroupId", one.as_str()),
        ];
        client.query("ec2", "AuthorizeSecurityGroupIngress", &rule).await.unwrap();
        let code = refused(&client, "DeleteSecurityGroup", &[("GroupId", &one)]).await;
        assert_eq!(code, "DependencyViolation");

        let subnet = [("SubnetId", network.subnet.as_str())];
        let balancer =
            [("Name", "front"), ("Subnets.member.1", network.subnet.as_str()), ("Type", "network")];
        client.query("elbv2", "CreateLoadBalancer", &balancer).await.unwrap();
        assert_eq!(refused(&client, "DeleteSubnet", &subnet).await, "DependencyViolation");

        let empty = Network::new(client.clone()).await;
        client.query("ec2", "DeleteSubnet", &[("SubnetId", &empty.subnet)]).await.unwrap();
        let attached = empty.attach_gateway().await;
        let delete = [("VpcId", empty.vpc.as_str())];
        assert_eq!(refused(&client, "DeleteVpc", &delete).await, "DependencyViolation");
        let detach = [("InternetGatewayId", attached.as_str()), ("VpcId", empty.vpc.as_str())];
        client.query("ec2", "DetachInternetGateway", &detach).await.unwrap();
        client.query("ec2", "DeleteVpc", &delete).await.unwrap();
        assert_ne!(gateway, attached);
    });
}

#[test]
fn states_take_as_long_as_asked() {
    run(async {
        let sandbox = own(Settings { pending_describes: 3, ..Settings::default() }).await;
        let network = Network::new(sandbox.client()).await;
        network.attach_gateway().await;
        let (id, _) = network.nat_gateway(&network.address().await, "t").await;
        let mut states = Vec::new();
        for _ in 0..4 {
            states.push(network.nat_state(&id).await);
        }
        assert_eq!(states, ["pending", "pending", "pending", "available"]);
    });
}
