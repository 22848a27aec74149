// Package campus holds a process of a family that uses dotnetCampus.Ipc, and one that calls it: each may be replaced by
// a .NET process.
//
//	go run ./examples/campus/server
//	go run ./examples/campus/client
//
// In C# the client is
//
//	var provider = new IpcProvider("client");
//	var routes = new JsonIpcDirectRoutedProvider(provider);
//	var client = await routes.GetAndConnectClientAsync("calc");
//	var sum = await client.GetResponseAsync<Sum>("add", new Pair(1, 2));
//
//	var peer = await provider.GetAndConnectToPeerAsync("calc");
//	var counter = provider.CreateIpcProxy<ICounter>(peer);
//	counter.Add(3);
//
// with the interface
//
//	namespace Shop;
//	[IpcPublic] public interface ICounter { int Value { get; } int Add(int n); }
package campus
