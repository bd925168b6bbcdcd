// Program meshctl-control-plane is a whole Kubernetes control plane in one file: its first argument chooses which
// of the five programs it is. They share nearly all of their code, so one binary is a third of the size of five.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	_ "istio.io/api/label" // pins the version whose CustomResourceDefinitions are copied beside the binary
)

const usage = "usage: %s etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kwok [arguments]\n"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintf(os.Stderr, usage, os.Args[0])
		os.Exit(2)
	}
	program := os.Args[1]
	os.Args = append([]string{program}, os.Args[2:]...)
	switch program {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "kwok":
		os.Exit(runKWOK())
	default:
		fmt.Fprintf(os.Stderr, usage, os.Args[0])
		os.Exit(2)
	}
}
