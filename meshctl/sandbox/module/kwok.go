package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/spf13/pflag"
	"sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

// runKWOK plays the part of KWOK's own main function, and of a kubelet if flags for one follow after `--`. KWOK's flags
// --config and -v are read before its command exists.
func runKWOK() int {
	arguments, forKubelet := os.Args, []string(nil)
	if end := slices.Index(arguments, "--"); end >= 0 {
		os.Args, forKubelet = arguments[:end], arguments[end+1:]
	}
	// cobra adds the flags of pflag.CommandLine to every command, and Kubernetes has put a "version" of its own there,
	// which is no boolean: KWOK's command could not be parsed.
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ContinueOnError)

	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ := log.InitFlags(signals.SetupSignalContext(), flags)
	ctx, err := config.InitFlags(ctx, flags)
	if err != nil {
		return failed(err)
	}
	if forKubelet != nil {
		go func() {
			if err := runKubelet(ctx, forKubelet); err != nil {
				os.Exit(failed(err))
			}
		}()
	}
	command := kwok.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	if err := command.ExecuteContext(ctx); err != nil {
		return failed(err)
	}
	return 0
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "kwok:", err)
	return 1
}
