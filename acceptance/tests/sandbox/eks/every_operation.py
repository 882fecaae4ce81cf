"""Calls every operation of the sandbox's EKS through botocore, and checks what botocore makes of the answers."""

import base64
import json
import os
import ssl
import urllib.request

import botocore.session
from botocore.model import ServiceId
from botocore.signers import RequestSigner

CLUSTER = "botocore"
# Operations of features that the sandbox does not have.
LEFT_OUT = ("Fargate", "IdentityProvider", "Capabilit", "CertificateAuthorit", "Anywhere", "CancelUpdate", "RegisterCluster", "DeregisterCluster")

session = botocore.session.get_session()
eks = session.create_client("eks")
called = set()


def call(operation, **parameters):
    name = "".join(("_" + letter.lower()) if letter.isupper() else letter for letter in operation).lstrip("_")
    answer = getattr(eks, name)(**parameters)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200, operation
    assert answer["ResponseMetadata"]["RequestId"], operation
    called.add(operation)
    return answer


def wait(operation, member, wanted, **parameters):
    for _ in range(100):
        shape = call(operation, **parameters)[member]
        if shape["status"] == wanted:
            return shape
    raise AssertionError(f"{operation} never showed {wanted}: {shape}")


def refused(operation, code, **parameters):
    try:
        call(operation, **parameters)
    except eks.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert type(error).__name__ == code, type(error)
        return error.response
    raise AssertionError(f"{operation} was not refused")


def cluster():
    error = refused("DescribeCluster", "ResourceNotFoundException", name=CLUSTER)
    assert error["clusterName"] == CLUSTER, error
    call(
        "CreateCluster",
        name=CLUSTER,
        version="1.34",
        roleArn=os.environ["CLUSTER_ROLE"],
        resourcesVpcConfig={"subnetIds": os.environ["SUBNETS"].split(",")},
        accessConfig={"authenticationMode": "API"},
        tags={"a": "b"},
    )
    shape = wait("DescribeCluster", "cluster", "ACTIVE", name=CLUSTER)
    assert shape["createdAt"].year >= 2024 and shape["tags"] == {"a": "b"}, shape
    assert call("ListClusters")["clusters"] == [CLUSTER]
    assert call("DescribeClusterVersions")["clusterVersions"][0]["releaseDate"].year >= 2024
    call("UpdateClusterConfig", name=CLUSTER, logging={"clusterLogging": [{"types": ["api"], "enabled": True}]})
    wait("DescribeCluster", "cluster", "ACTIVE", name=CLUSTER)
    encryption = [{"resources": ["secrets"], "provider": {"keyArn": os.environ["KEY"]}}]
    call("AssociateEncryptionConfig", clusterName=CLUSTER, encryptionConfig=encryption)
    wait("DescribeCluster", "cluster", "ACTIVE", name=CLUSTER)
    update = call("UpdateClusterVersion", name=CLUSTER, version="1.35")["update"]
    wait("DescribeUpdate", "update", "Successful", name=CLUSTER, updateId=update["id"])
    assert update["id"] in call("ListUpdates", name=CLUSTER)["updateIds"]
    call("TagResource", resourceArn=shape["arn"], tags={"c": "d"})
    call("UntagResource", resourceArn=shape["arn"], tagKeys=["a"])
    assert call("ListTagsForResource", resourceArn=shape["arn"])["tags"] == {"c": "d"}
    insight = call("ListInsights", clusterName=CLUSTER)["insights"][0]
    assert call("DescribeInsight", clusterName=CLUSTER, id=insight["id"])["insight"]["recommendation"]
    call("StartInsightsRefresh", clusterName=CLUSTER)
    call("DescribeInsightsRefresh", clusterName=CLUSTER)


def login():
    """Logs in as the AWS CLI does, with a signed URL of the real STS; whoever made the cluster is its administrator."""
    region = eks.meta.region_name
    signer = RequestSigner(ServiceId("STS"), region, "sts", "v4", session.get_credentials(), session.get_component("event_emitter"))
    request = {
        "method": "GET",
        "url": f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": CLUSTER},
        "context": {},
    }
    url = signer.generate_presigned_url(request, region_name=region, expires_in=60, operation_name="")
    token = "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    shape = call("DescribeCluster", name=CLUSTER)["cluster"]
    authority = base64.b64decode(shape["certificateAuthority"]["data"]).decode()
    asked = urllib.request.Request(f"{shape['endpoint']}/api/v1/namespaces", headers={"Authorization": f"Bearer {token}"})
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=authority)),
    )
    names = [item["metadata"]["name"] for item in json.load(opener.open(asked))["items"]]
    assert "kube-system" in names, names


def node_group():
    group = {"clusterName": CLUSTER, "nodegroupName": "general"}
    call("CreateNodegroup", **group, subnets=os.environ["SUBNETS"].split(","), nodeRole=os.environ["NODE_ROLE"])
    wait("DescribeNodegroup", "nodegroup", "ACTIVE", **group)
    assert call("ListNodegroups", clusterName=CLUSTER)["nodegroups"] == ["general"]
    call("UpdateNodegroupConfig", **group, labels={"addOrUpdateLabels": {"a": "b"}})
    wait("DescribeNodegroup", "nodegroup", "ACTIVE", **group)
    call("UpdateNodegroupVersion", **group)
    shape = wait("DescribeNodegroup", "nodegroup", "ACTIVE", **group)
    assert shape["labels"] == {"a": "b"} and shape["version"] == "1.35", shape


def add_on():
    addon = {"clusterName": CLUSTER, "addonName": "kube-proxy"}
    offered = call("DescribeAddonVersions", addonName="kube-proxy", kubernetesVersion="1.35")["addons"][0]
    newest = offered["addonVersions"][0]["addonVersion"]
    assert call("DescribeAddonConfiguration", addonName="kube-proxy", addonVersion=newest)["configurationSchema"]
    call("CreateAddon", **addon, resolveConflicts="OVERWRITE")
    wait("DescribeAddon", "addon", "ACTIVE", **addon)
    assert call("ListAddons", clusterName=CLUSTER)["addons"] == ["kube-proxy"]
    call("UpdateAddon", **addon, addonVersion=newest)
    shape = wait("DescribeAddon", "addon", "ACTIVE", **addon)
    assert shape["addonVersion"] == newest, shape
    call("DeleteAddon", **addon)


def access():
    entry = {"clusterName": CLUSTER, "principalArn": os.environ["PERSON"]}
    call("CreateAccessEntry", **entry)
    call("UpdateAccessEntry", **entry, kubernetesGroups=["team"])
    assert call("DescribeAccessEntry", **entry)["accessEntry"]["kubernetesGroups"] == ["team"]
    assert os.environ["PERSON"] in call("ListAccessEntries", clusterName=CLUSTER)["accessEntries"]
    policy = call("ListAccessPolicies")["accessPolicies"][0]["arn"]
    call("AssociateAccessPolicy", **entry, policyArn=policy, accessScope={"type": "cluster"})
    listed = call("ListAssociatedAccessPolicies", **entry)["associatedAccessPolicies"]
    assert [shape["policyArn"] for shape in listed] == [policy], listed
    call("DisassociateAccessPolicy", **entry, policyArn=policy)
    call("DeleteAccessEntry", **entry)
    refused("DescribeAccessEntry", "ResourceNotFoundException", **entry)


def pod_identity():
    place = {"namespace": "a", "serviceAccount": "b", "roleArn": os.environ["POD_ROLE"]}
    made = call("CreatePodIdentityAssociation", clusterName=CLUSTER, **place)["association"]
    one = {"clusterName": CLUSTER, "associationId": made["associationId"]}
    call("UpdatePodIdentityAssociation", **one, disableSessionTags=True)
    assert call("DescribePodIdentityAssociation", **one)["association"]["disableSessionTags"]
    listed = call("ListPodIdentityAssociations", clusterName=CLUSTER, namespace="a")["associations"]
    assert listed[0]["associationArn"] == made["associationArn"], listed
    call("DeletePodIdentityAssociation", **one)


def end():
    group = {"clusterName": CLUSTER, "nodegroupName": "general"}
    refused("DeleteCluster", "ResourceInUseException", name=CLUSTER)
    call("DeleteNodegroup", **group)
    eks.get_waiter("nodegroup_deleted").wait(**group, WaiterConfig={"Delay": 0, "MaxAttempts": 50})
    call("DeleteCluster", name=CLUSTER)
    eks.get_waiter("cluster_deleted").wait(name=CLUSTER, WaiterConfig={"Delay": 0, "MaxAttempts": 50})


for part in (cluster, login, node_group, add_on, access, pod_identity, end):
    part()
wanted = {name for name in eks.meta.service_model.operation_names if not any(part in name for part in LEFT_OUT)}
assert called >= wanted, f"never called: {sorted(wanted - called)}"
print(f"{len(called)} operations called")
