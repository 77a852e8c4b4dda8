# SPDX-License-Identifier: MIT
# The four tasks of README.md in Perl.
#
# usage: tasks.pl TASK SIZE ITERATIONS
use strict;
use warnings;
no warnings 'recursion';
use Time::HiRes qw(clock_gettime CLOCK_PROCESS_CPUTIME_ID);

use constant {
    MODULUS      => 139968,
    FOLD         => 1000003,
    VALUES       => 10000,
    LETTERS      => 26,
    LONGEST_WORD => 48,
    ALPHABET     => 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz',
};

my $state = 42;

# Returns a number from 0 to limit - 1.
sub next_number {
    my ($limit) = @_;
    $state = ($state * 3877 + 29573) % MODULUS;
    return int($state * $limit / MODULUS);
}

sub fold {
    my ($sum, $value) = @_;
    return ($sum * 31 + $value) % FOLD;
}

sub fibonacci {
    my ($n) = @_;
    return $n < 2 ? $n : fibonacci($n - 1) + fibonacci($n - 2);
}

sub run_fibonacci {
    my ($size, $iterations) = @_;
    my $sum = 0;
    $sum = fold($sum, fibonacci($size)) for 1 .. $iterations;
    return $sum;
}

sub build {
    my ($depth) = @_;
    my $tree = {value => next_number(VALUES), left => undef, right => undef};
    if ($depth > 0) {
        $tree->{left}  = build($depth - 1);
        $tree->{right} = build($depth - 1);
    }
    return $tree;
}

sub check {
    my ($tree) = @_;
    return $tree->{value} unless defined $tree->{left};
    return ($tree->{value} + 2 * check($tree->{left}) + 3 * check($tree->{right})) % FOLD;
}

sub run_trees {
    my ($size, $iterations) = @_;
    my $sum     = 0;
    my $lasting = build($size);
    $sum = fold($sum, check(build($size))) for 1 .. $iterations;
    return fold($sum, check($lasting));
}

sub run_arrays {
    my ($size, $iterations) = @_;
    my $sum = 0;
    for my $i (0 .. $iterations - 1) {
        my @array;
        push @array, next_number(VALUES) for 1 .. 1 + next_number($size);
        my @mapped   = map { $_ * 3 + $i } @array;
        my @filtered = grep { $_ % 2 == 0 } @mapped;
        $sum = fold($sum, $_) for @filtered;
    }
    return $sum;
}

sub run_strings {
    my ($size, $iterations) = @_;
    my $sum = 0;
    for (1 .. $iterations) {
        my $text = '';
        for my $word (0 .. $size - 1) {
            $text .= ' ' if $word > 0;
            my $start  = next_number(LETTERS);
            my $length = 1 + next_number(LONGEST_WORD);
            $text .= substr(ALPHABET, $start, $length);
        }
        for my $word (split / /, $text) {
            $sum = fold($sum, length $word);
            $sum = fold($sum, ord $word);
        }
    }
    return $sum;
}

sub cpu_milliseconds { return clock_gettime(CLOCK_PROCESS_CPUTIME_ID) * 1e3 }

my %tasks = (
    fibonacci => \&run_fibonacci,
    trees     => \&run_trees,
    arrays    => \&run_arrays,
    strings   => \&run_strings,
);

if (@ARGV != 3 || !exists $tasks{$ARGV[0]}) {
    print STDERR "usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS\n";
    exit 2;
}
my ($task, $size, $iterations) = @ARGV;
my $start = cpu_milliseconds();
my $sum   = $tasks{$task}->($size, $iterations);
printf "checksum = %d\nCPU time = %.3f ms\n", $sum, cpu_milliseconds() - $start;
